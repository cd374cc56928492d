// A short word at the edge of the page that something was done, read out by screen readers.
import { html, signal } from '../../vendor/preact.js';

const SHOWN_MS = 4000;
const current = signal(null);
let timer = null;

export function toast(text) {
  clearTimeout(timer);
  current.value = text;
  timer = setTimeout(() => { current.value = null; }, SHOWN_MS);
}

export const Toast = () => html`
  <div class="toasts" role="status">
    ${current.value && html`<p class="toast" key=${current.value}>${current.value}</p>`}
  </div>`;
