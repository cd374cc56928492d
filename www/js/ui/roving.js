// One stop of the Tab key for a whole list; the arrow keys move within it.
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };

/* For onKeyDown of an element whose entries match [data-entry]. */
export function rove(event) {
  const entries = [...event.currentTarget.querySelectorAll('[data-entry]')];
  const at = entries.indexOf(document.activeElement);
  if (at < 0) return;
  let next = at + (STEPS[event.key] ?? 0);
  if (event.key === 'Home') next = 0;
  if (event.key === 'End') next = entries.length - 1;
  next = Math.max(0, Math.min(entries.length - 1, next));
  if (next === at) return;
  event.preventDefault();
  entries[next].focus();
}
