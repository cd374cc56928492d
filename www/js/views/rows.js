// Turns a room's messages into what is drawn: days, the line above what is new, and groups of
// bubbles that one person wrote within one minute.
import { dayKey, minuteOf } from '../time.js';

const shown = (message) => message.type !== 'void';

/* messages and pending ascending; newFrom: seq of the first message that was not yet read, or null */
export function rowsOf(messages, pending, newFrom) {
  const rows = [];
  let day = null;
  let group = null;
  let lineDrawn = newFrom === null;

  const start = (row) => {
    rows.push(row);
    group = null;
  };
  for (const entry of [...messages.filter(shown), ...pending]) {
    const today = dayKey(entry.created_at);
    if (today !== day) {
      start({ kind: 'day', key: `day ${today}`, at: entry.created_at });
      day = today;
    }
    if (!lineDrawn && entry.seq >= newFrom) {
      start({ kind: 'new', key: 'new' });
      lineDrawn = true;
    }
    const minute = minuteOf(entry.created_at);
    if (!group || group.author !== entry.author_id || group.minute !== minute) {
      group = { kind: 'group', key: `group ${entry.client_id ?? entry.seq}`, author: entry.author_id, minute, entries: [] };
      rows.push(group);
    }
    group.entries.push(entry);
  }
  return rows;
}
