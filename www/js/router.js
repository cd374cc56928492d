// The place in the page, kept in the address after '#': the server serves `/` alone.
import { signal } from '../vendor/preact.js';

function read() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return {
    parts: path.split('/').filter(Boolean).map(decode),
    query: new URLSearchParams(query),
  };
}

/* A hand-typed '%' must not break the page. */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal(read());

window.addEventListener('hashchange', () => {
  route.value = read();
});

export const href = (...parts) => `#/${parts.map(encodeURIComponent).join('/')}`;

export function go(...parts) {
  location.hash = href(...parts);
}

/* In place of where one is: "back" must not lead to a form that has done its work. */
export function replace(...parts) {
  history.replaceState(null, '', href(...parts));
  route.value = read();
}
