// What sign-up, recovery and a challenge carry from one step to the next. It outlives a reload, but not the tab;
// the password is kept in memory alone, for signing in as soon as the code has been confirmed.
import { signal } from '../vendor/preact.js';

const KEY = 'cc.flow';

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

/* { kind: 'sign-up' or 'reset', id, to, identifier, resendAtMs }, { kind: 'challenge', id, methods }
   or null */
export const flow = signal(stored());
let password = null;

export function keepFlow(next, secret = null) {
  flow.value = next;
  password = secret;
  try {
    if (next) sessionStorage.setItem(KEY, JSON.stringify(next));
    else sessionStorage.removeItem(KEY);
  } catch { /* then a reload starts over */ }
}

export const heldPassword = () => password;
export const resendAt = (seconds) => Date.now() + seconds * 1000;
