// A person's face: the photo, or initials on a colour that belongs to the id.
import { html } from '../../vendor/preact.js';
import { usePhoto } from '../photos.js';
import { hueOf, initials } from '../text.js';

export function Avatar({ user, size = 'm' }) {
  const url = usePhoto(user.photo);
  return html`
    <span class=${`avatar avatar--${size} avatar--hue${hueOf(user.id)}`} aria-hidden="true">
      ${url ? html`<img src=${url} alt="" draggable=${false} />` : initials(user.name)}
    </span>`;
}
