import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.window = { addEventListener() {} };
const { mergedMessages, mergedRoom } = await import('../../../www/js/store.js');
const { daysOf } = await import('../../../www/js/views/rows.js');

const message = (seq, rev = seq, more = {}) => ({ seq, rev, type: 'text', author_id: 'a', ...more });
const room = (more) => ({
  seq: 9, unread: 0, other: { id: 'b', name: 'Bob', photo: null }, cursor: { delivered_seq: 0, read_seq: 0 }, other_cursor: { delivered_seq: 0, read_seq: 0 }, ...more,
});

test('messages stand once and in order, however they arrive', () => {
  const known = [message(3), message(4)];
  const merged = mergedMessages(known, [message(6), message(4), message(5), message(1)]);
  assert.deepEqual(merged.map(({ seq }) => seq), [1, 3, 4, 5, 6]);
});

test('of two states of a message the later one holds, whichever came first', () => {
  const older = message(3, 3, { data: 'old' });
  const later = message(3, 8, { data: 'new' });
  assert.equal(mergedMessages([older], [later])[0].data, 'new');
  assert.equal(mergedMessages([later], [older])[0].data, 'new');
});

test('an answer that was under way does not bring the badge back', () => {
  const known = room({ cursor: { delivered_seq: 9, read_seq: 9 } });
  assert.equal(mergedRoom(known, room({ unread: 4, cursor: { delivered_seq: 9, read_seq: 5 } })).unread, 0);
});

test('what came after one read is new', () => {
  const known = room({ cursor: { delivered_seq: 9, read_seq: 9 } });
  const fresh = room({ seq: 11, unread: 2, cursor: { delivered_seq: 9, read_seq: 9 } });
  assert.equal(mergedRoom(known, fresh).unread, 2);
});

test('an account that was removed is called so, also in a room that is known', () => {
  const removed = room({ other: { id: 'b', name: '', photo: null, removed: true } });
  assert.equal(mergedRoom(null, removed).other.name, 'Removed account');
  assert.equal(mergedRoom(room(), removed).other.name, 'Removed account');
  assert.equal(mergedRoom(null, room()).other.name, 'Bob');
});

test('a cursor never moves back', () => {
  const known = room({ other_cursor: { delivered_seq: 7, read_seq: 6 } });
  const merged = mergedRoom(known, room({ other_cursor: { delivered_seq: 6, read_seq: 6 } }));
  assert.deepEqual(merged.other_cursor, { delivered_seq: 7, read_seq: 6 });
});

const at = (day, minute) => new Date(2026, 0, day, 12, minute).toISOString();

test('bubbles are grouped by author and minute', () => {
  const days = daysOf([
    message(1, 1, { created_at: at(1, 0) }), message(2, 2, { created_at: at(1, 0) }),
    message(3, 3, { created_at: at(1, 1) }), message(4, 4, { created_at: at(1, 1), author_id: 'b' }),
  ], [], null);
  assert.deepEqual(days[0].rows.map(({ entries }) => entries.map(({ seq }) => seq)), [[1, 2], [3], [4]]);
});

test('a new day and the line above what is new begin a new group', () => {
  const days = daysOf([
    message(1, 1, { created_at: at(1, 0) }), message(2, 2, { created_at: at(2, 0) }), message(3, 3, { created_at: at(2, 0) }),
  ], [{ client_id: 'x', author_id: 'a', created_at: at(2, 0) }], 3);
  assert.deepEqual(days.map(({ rows }) => rows.map(({ kind }) => kind)), [['group'], ['group', 'new', 'group']]);
  assert.equal(days[1].rows[2].entries.length, 2);
});

test('withheld messages are not shown', () => {
  assert.deepEqual(daysOf([{ seq: 1, rev: 1, type: 'void' }], [], null), []);
});
