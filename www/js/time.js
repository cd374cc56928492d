// Times as a person says them, in the browser's own language and zone.
const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const numericDate = new Intl.DateTimeFormat(undefined, { day: '2-digit', month: '2-digit', year: '2-digit' });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const longDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

/* Midnights are compared, not hours: a change to summer time must not move a day. */
function daysBetween(then, now) {
  const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(now) - midnight(then)) / DAY_MS);
}

export const timeOf = (iso) => clock.format(new Date(iso));
export const fullTime = (iso) => full.format(new Date(iso));
export const dayKey = (iso) => new Date(iso).toDateString();
export const minuteOf = (iso) => Math.floor(Date.parse(iso) / 60_000);

/* For the edge of a list: 14:05, Yesterday, Tue, 3 May, 03/05/24. */
export function shortTime(iso, now = new Date()) {
  const then = new Date(iso);
  const days = daysBetween(then, now);
  if (days <= 0) return clock.format(then);
  if (days === 1) return 'Yesterday';
  if (days < 7) return weekday.format(then);
  return then.getFullYear() === now.getFullYear() ? shortDate.format(then) : numericDate.format(then);
}

/* For the line between two days. */
export function dayName(iso, now = new Date()) {
  const then = new Date(iso);
  const days = daysBetween(then, now);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return then.getFullYear() === now.getFullYear() ? longDay.format(then) : longDate.format(then);
}

/* For "last seen": just now, 5 minutes ago, today at 14:05. */
export function ago(iso, now = new Date()) {
  const minutes = Math.floor((now - Date.parse(iso)) / 60_000);
  if (minutes < 2) return 'just now';
  if (minutes < 60) return `${minutes} minutes ago`;
  const days = daysBetween(new Date(iso), now);
  if (days <= 0) return `today at ${timeOf(iso)}`;
  if (days === 1) return `yesterday at ${timeOf(iso)}`;
  return `on ${longDate.format(new Date(iso))}`;
}
