// A few words kept on this device. Storage may be full or forbidden: then nothing is kept, and
// the page works all the same. Never a token, a code or a message.
const PREFIX = 'cc.';

export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch { /* see above */ }
}

// Calls fn(value) when another tab changed the key.
export function onChangeElsewhere(key, fn) {
  window.addEventListener('storage', (event) => {
    if (event.key === PREFIX + key) fn(event.newValue);
  });
}
