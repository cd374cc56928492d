// A page of the left pane that one enters and leaves again: settings, finding someone.
import { html, useEffect, useRef } from '../../vendor/preact.js';
import { replace } from '../router.js';
import { BackIcon } from '../ui/icons.js';

export function Pane({ title, up = [], label, children }) {
  const heading = useRef(null);
  const leave = () => replace(...up);

  useEffect(() => {
    if (!heading.current.closest('.pane').contains(document.activeElement)) heading.current.focus();
  }, []);

  const onKeyDown = (event) => {
    if (event.key !== 'Escape' || event.target.closest('dialog')) return;
    event.preventDefault();
    leave();
  };
  return html`
    <section class="pane pane--page" aria-label=${label ?? title} onKeyDown=${onKeyDown}>
      <header class="pane__head">
        <button type="button" class="icon-button" aria-label="Back" onClick=${leave}><${BackIcon} /></button>
        <h1 class="pane__title" ref=${heading} tabindex="-1">${title}</h1>
      </header>
      <div class="pane__scroll pane__scroll--page">${children}</div>
    </section>`;
}
