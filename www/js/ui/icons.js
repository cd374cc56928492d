// The page's own drawings: strokes of one weight on a grid of 24, and the mark.
import { html } from '../../vendor/preact.js';

const stroke = (...paths) => () => html`
  <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    ${paths.map((d) => html`<path d=${d} />`)}
  </svg>`;

const RING = 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z';

export const BackIcon = stroke('M14.5 5 8 12l6.5 7');
export const NextIcon = stroke('M9.5 5.5 16 12l-6.5 6.5');
export const DownIcon = stroke('M5.5 9.5 12 16l6.5-6.5');
export const SendIcon = stroke('M12 19V5.5', 'M6 11.200l6-6 6 6');
export const WriteIcon = stroke('M4.5 19.500h3.700L19 8.700a2 2 0 0 0 0-2.800l-.9-.900a2 2 0 0 0-2.8 0L4.5 15.800z', 'M13.5 6.800l3.7 3.7');
export const SearchIcon = stroke('M10.8 4.500a6.3 6.3 0 1 0 0 12.6 6.3 6.3 0 0 0 0-12.600z', 'M15.5 15.5 20 20');
export const CloseIcon = stroke('M6 6l12 12', 'M18 6 6 18');
export const EyeIcon = stroke('M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z', 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z');
export const EyeOffIcon = stroke('M4 4l16 16', 'M10 5.700a9.6 9.6 0 0 1 2-.2c6 0 9.5 6.5 9.5 6.500a17 17 0 0 1-2.9 3.6', 'M6.2 7.600A16.5 16.5 0 0 0 2.5 12S6 18.5 12 18.500a9.3 9.3 0 0 0 4.7-1.3', 'M9.9 9.900a3 3 0 0 0 4.2 4.2');
export const CameraIcon = stroke('M4 8.500h3.200L9 6h6l1.8 2.500H20a1.5 1.5 0 0 1 1.5 1.500v8a1.5 1.5 0 0 1-1.5 1.500H4A1.5 1.5 0 0 1 2.5 18v-8A1.5 1.5 0 0 1 4 8.500z', 'M12 10.500a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.600z');
export const KeyIcon = stroke('M8 11a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z', 'M11.3 12.3 20 3.5', 'M16.5 7l3 3');
export const DevicesIcon = stroke('M3.5 5h13v9.500h-13z', 'M2 18h11', 'M16.5 10h5v9h-5z');
export const LeaveIcon = stroke('M10 4.500H5.500A1.5 1.5 0 0 0 4 6v12a1.5 1.5 0 0 0 1.5 1.500H10', 'M15 8l4 4-4 4', 'M19 12H9.5');
export const RetryIcon = stroke('M19.5 12a7.5 7.5 0 1 1-2.3-5.4', 'M19.5 3.500v4.300h-4.3');
export const BinIcon = stroke('M5 7h14', 'M10 7V4.500h4V7', 'M7 7l.8 12.500h8.400L17 7');
export const AlertIcon = stroke(RING, 'M12 8v4.7', 'M12 16h.01');
export const SunIcon = stroke('M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z', 'M12 2.500v2', 'M12 19.500v2', 'M2.5 12h2', 'M19.5 12h2', 'M5.3 5.300l1.4 1.4', 'M17.3 17.300l1.4 1.4', 'M18.7 5.300l-1.4 1.4', 'M6.7 17.300l-1.4 1.4');
export const MoonIcon = stroke('M19.5 14.300A8 8 0 0 1 9.7 4.500a8 8 0 1 0 9.8 9.800z');
export const AutoIcon = stroke(RING, 'M12 3.500v17', 'M12 8l6.5-1.5', 'M12 12.500h8.5', 'M12 17l5-1');

const TICK = 'M2.5 8.3 5.7 11.5 12 4.8';
const TICK_BEHIND = 'M8.6 10.900l.7.6L16 4.8';
const DIAL = 'M9 2.800a5.3 5.3 0 1 0 0 10.600A5.3 5.3 0 0 0 9 2.800z';

/* How far a message has come. Each differs in shape or weight, not in colour alone. */
const STATES = {
  sending: { label: 'Sending', paths: [DIAL, 'M9 5.500v2.800l1.8 1.1'] },
  failed: { label: 'Not sent', paths: [DIAL, 'M9 5.600v3', 'M9 10.900h.01'] },
  sent: { label: 'Sent', paths: ['M4.5 8.3 7.7 11.5 14 4.8'] },
  delivered: { label: 'Delivered', paths: [TICK, TICK_BEHIND] },
  read: { label: 'Read', paths: [TICK, TICK_BEHIND] },
};

export function Ticks({ state }) {
  const { label, paths } = STATES[state];
  return html`
    <span class=${`ticks ticks--${state}`} role="img" aria-label=${label} title=${label}>
      <svg viewBox="0 0 18 16" fill="none" stroke="currentColor" stroke-linecap="round"
        stroke-linejoin="round" aria-hidden="true">${paths.map((d) => html`<path d=${d} />`)}</svg>
    </span>`;
}

/* A cloud that is a speech bubble, before another one: circles on one base line, and a tail. */
export const Mark = ({ size = 32 }) => html`
  <svg class="mark" width=${size} height=${size} viewBox="0 0 48 48" aria-hidden="true">
    <g class="mark__back">
      <circle cx="30" cy="18.5" r="9.5" /><circle cx="38" cy="26" r="7" /><path d="M28 22h10v11H28z" />
    </g>
    <g class="mark__front">
      <circle cx="18.5" cy="25" r="12" /><circle cx="30" cy="29" r="8" /><path d="M18.5 27H30v10H18.5z" />
      <path d="M8.2 30.6c0 3-1.2 5.6-3.3 7.3-.6.5-.3 1.5.5 1.5 3.9 0 7.3-1.1 9.9-3.2z" />
    </g>
  </svg>`;

export const Wordmark = ({ size }) => html`
  <span class="wordmark"><${Mark} size=${size} /><span class="wordmark__text">Cloud Chat</span></span>`;
