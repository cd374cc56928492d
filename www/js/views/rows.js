// Turns a room's messages into what is drawn: days; within them the line above what is new, and
// groups of bubbles that one person wrote within one minute.
import { dayKey, minuteOf } from '../time.js';

const shown = (message) => message.type !== 'void';

const newGroup = (entry) => ({
  kind: 'group',
  key: `group ${entry.client_id ?? entry.seq}`,
  author: entry.author_id,
  minute: minuteOf(entry.created_at),
  entries: [entry],
});

const belongs = (group, entry) => group?.kind === 'group' && group.author === entry.author_id
  && group.minute === minuteOf(entry.created_at);

/* messages and pending ascending; newFrom: seq of the first message that was not yet read, or null */
export function daysOf(messages, pending, newFrom) {
  const days = [];
  let lineDrawn = newFrom === null;

  for (const entry of [...messages.filter(shown), ...pending]) {
    const key = dayKey(entry.created_at);
    if (days.at(-1)?.key !== key) days.push({ key, at: entry.created_at, rows: [] });
    const { rows } = days.at(-1);
    if (!lineDrawn && entry.seq >= newFrom) {
      rows.push({ kind: 'new', key: 'new' });
      lineDrawn = true;
    }
    if (belongs(rows.at(-1), entry)) rows.at(-1).entries.push(entry);
    else rows.push(newGroup(entry));
  }
  return days;
}
