// The sky over the page's quiet places: layers of cloud made of the same curves as the mark. It
// follows the hour, and is nothing but decoration.
import { html, useEffect, useState } from '../../vendor/preact.js';
import { skyOf } from '../theme.js';

const CLOUDS = [
  ['far', 'M-20 214c30-34 74-28 92-4 12-46 88-62 118-18 34-26 88-12 96 28 40-22 86-2 92 30 34-30 98-22 112 18 40-18 90-6 102 26 26-16 70-14 88 8v260H-20z'],
  ['middle', 'M-20 300c24-22 66-22 86 4 18-44 86-54 116-14 26-22 76-18 92 14 32-30 96-28 118 12 34-20 82-8 94 26 40-30 108-20 124 22 26-14 54-10 70 6v240H-20z'],
  ['near', 'M-20 392c40-36 104-26 122 16 30-28 84-20 100 16 36-40 116-36 136 16 36-22 84-12 98 22 40-26 102-16 118 24 34-18 82-10 106 16v140H-20z'],
];

const now = () => skyOf(new Date().getHours());

export function Sky() {
  const [sky, setSky] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setSky(now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return html`
    <div class=${`sky sky--${sky}`} aria-hidden="true">
      <span class="sky__light"></span>
      <svg class="sky__clouds" viewBox="0 0 640 520" preserveAspectRatio="xMidYMax slice">
        ${CLOUDS.map(([name, d]) => html`<path class=${`sky__cloud sky__cloud--${name}`} d=${d} />`)}
      </svg>
    </div>`;
}
