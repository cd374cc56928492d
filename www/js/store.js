// What the page knows of rooms and messages. Views read the signals; sync.js and the actions below
// write them. Messages of a room are ordered by `seq` and exist once, however often they arrive.
import { batch, computed, signal } from '../vendor/preact.js';
import { get, post, put, url } from './api.js';
import { uuidv7 } from './ids.js';
import { myId, onSignOut } from './session.js';

const PAGE = 50;
/* Farther behind than this, the newest page is fetched instead of everything in between. */
const CATCH_UP_MAX = 500;
const RETRY_MS = [1000, 3000, 8000];
/* Asked to wait longer than this, it is the person who decides when to try again. */
const PATIENCE_S = 20;

/* --- rooms ------------------------------------------------------------------------------------ */

/* Map of id -> room, replaced and never changed; null until the first list has come. */
export const rooms = signal(null);
export const moreRooms = signal(null); /* cursor of the next page */
const histories = new Map();

const byActivity = (a, b) =>
  Date.parse(b.active_at) - Date.parse(a.active_at) || (a.id < b.id ? -1 : 1);

export const roomList = computed(() => rooms.value && [...rooms.value.values()].sort(byActivity));
export const unreadTotal = computed(() =>
  (roomList.value ?? []).reduce((total, room) => total + room.unread, 0));

export const roomOf = (id) => rooms.value?.get(id) ?? null;
export const shownHistories = () => [...histories.values()];

const furthest = (a, b) => ({
  delivered_seq: Math.max(a?.delivered_seq ?? 0, b?.delivered_seq ?? 0),
  read_seq: Math.max(a?.read_seq ?? 0, b?.read_seq ?? 0),
});

/* Of an account that was removed nothing is known but that it was one. */
const named = (room) =>
  room.other.removed ? { ...room, other: { ...room.other, name: 'Removed account' } } : room;

/* An answer that was under way while a cursor moved must not bring the badge back. */
export function mergedRoom(known, arrived) {
  const fresh = named(arrived);
  if (!known) return fresh;
  const cursor = furthest(known.cursor, fresh.cursor);
  const readHere = cursor.read_seq > fresh.cursor.read_seq && cursor.read_seq >= fresh.seq;
  return {
    ...fresh,
    cursor,
    other_cursor: furthest(known.other_cursor, fresh.other_cursor),
    unread: readHere ? 0 : fresh.unread,
  };
}

export function keepRooms(items) {
  const next = new Map(rooms.value ?? []);
  for (const room of items) next.set(room.id, mergedRoom(next.get(room.id), room));
  rooms.value = next;
}

function changeRoom(id, change) {
  const room = roomOf(id);
  if (room) rooms.value = new Map(rooms.value).set(id, { ...room, ...change });
}

export async function loadMoreRooms() {
  const cursor = moreRooms.value;
  if (!cursor) return;
  moreRooms.value = null; /* asked for once, however often the end of the list is seen */
  try {
    const page = await get(url('/chat/rooms', { limit: PAGE, cursor }));
    keepRooms(page.items);
    moreRooms.value = page.next;
  } catch (error) {
    moreRooms.value = cursor;
    throw error;
  }
}

export async function startRoom(userId) {
  const room = await post('/chat/rooms', { participants: [myId.value, userId] });
  keepRooms([room]);
  return room;
}

/* --- messages --------------------------------------------------------------------------------- */

/* Both ascending by seq. Of two states of one message the later one holds. */
export function mergedMessages(known, fresh) {
  if (fresh.length === 0) return known;
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of fresh) {
    const old = bySeq.get(message.seq);
    if (!old || message.rev >= old.rev) bySeq.set(message.seq, message);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

function newHistory(id) {
  return {
    id,
    status: signal('new'), /* new, loading, ready, failed */
    fault: signal(''),
    messages: signal([]),
    pending: signal([]), /* one's own, not yet acknowledged: { client_id, text, state, ... } */
    hasBefore: signal(false),
    loadingOlder: signal(false),
    draft: '',
    sync: null,
    rev: null,
    queue: Promise.resolve(),
  };
}

export function historyOf(id) {
  if (!histories.has(id)) histories.set(id, newHistory(id));
  return histories.get(id);
}

/* What has a seq is no longer pending, by whichever way the news came. */
function keepMessages(history, fresh) {
  const arrived = new Set(fresh.filter(({ author_id }) => author_id === myId.value)
    .map(({ client_id }) => client_id));
  batch(() => {
    history.messages.value = mergedMessages(history.messages.value, fresh);
    if (history.pending.value.some((entry) => arrived.has(entry.client_id))) {
      history.pending.value = history.pending.value.filter((entry) => !arrived.has(entry.client_id));
    }
  });
}

/* The room first, then its newest page: what comes between the two is in the page as well, and
 * `changes` goes on from the earlier of them, so that nothing is missed. */
async function loadNewest(history) {
  const room = await get(`/chat/rooms/${encodeURIComponent(history.id)}`);
  const page = await get(url('/chat/messages', { room_id: history.id, limit: PAGE }));
  batch(() => {
    keepRooms([room]);
    history.messages.value = [];
    keepMessages(history, page.items);
    history.hasBefore.value = page.has_before;
    history.sync = room.sync;
    history.rev = room.rev;
    history.status.value = 'ready';
  });
}

export async function openHistory(history) {
  if (history.status.value === 'ready' || history.status.value === 'loading') return;
  history.status.value = 'loading';
  try {
    await loadNewest(history);
  } catch (error) {
    history.fault.value = error.message;
    history.status.value = 'failed';
  }
}

export async function loadOlder(history) {
  const oldest = history.messages.value[0];
  if (!oldest || !history.hasBefore.value || history.loadingOlder.value) return;
  history.loadingOlder.value = true;
  try {
    const page = await get(url('/chat/messages', { room_id: history.id, before: oldest.seq, limit: PAGE }));
    batch(() => {
      keepMessages(history, page.items);
      history.hasBefore.value = page.has_before;
    });
  } finally {
    history.loadingOlder.value = false;
  }
}

function keepCursors(id, cursors) {
  const room = roomOf(id);
  const other = cursors.find((cursor) => cursor.user_id === room?.other.id);
  if (other) changeRoom(id, { other_cursor: furthest(room.other_cursor, other) });
}

/* Everything that happened since the last time, however many pages it takes. */
export async function catchUp(history) {
  const last = history.messages.value.at(-1)?.seq ?? 0;
  if ((roomOf(history.id)?.seq ?? 0) - last > CATCH_UP_MAX) return loadNewest(history);
  for (let more = true; more;) {
    const page = await get(url(`/chat/rooms/${encodeURIComponent(history.id)}/changes`, {
      since: history.sync, limit: 100,
    }));
    if (page.reset) return loadNewest(history);
    batch(() => {
      keepMessages(history, page.messages);
      if (page.room) keepRooms([page.room]);
      keepCursors(history.id, page.cursors);
    });
    history.sync = page.sync;
    if (!page.more) history.rev = page.rev;
    more = page.more;
  }
  return undefined;
}

/* --- sending ---------------------------------------------------------------------------------- */

const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function changePending(history, clientId, change) {
  history.pending.value = history.pending.value.map((entry) =>
    (entry.client_id === clientId ? { ...entry, ...change } : entry));
}

/* The same client_id each time: a message that did arrive is not doubled by asking again. */
async function postPatiently(entry) {
  for (let tried = 0; ; tried++) {
    try {
      return await post('/chat/messages', {
        room_id: entry.room_id, type: 'text', data: { text: entry.text }, client_id: entry.client_id,
      });
    } catch (error) {
      if (!error.passing || tried === RETRY_MS.length || error.retryAfterS > PATIENCE_S) throw error;
      await wait(Math.max(RETRY_MS[tried], error.retryAfterS * 1000));
    }
  }
}

function noteSent(history, message) {
  keepMessages(history, [message]);
  const room = roomOf(history.id);
  if (!room || message.seq <= room.seq) return;
  changeRoom(history.id, {
    seq: message.seq,
    active_at: message.created_at,
    unread: 0,
    cursor: furthest(room.cursor, { delivered_seq: message.seq, read_seq: message.seq }),
    last_message: {
      id: message.id, seq: message.seq, author_id: message.author_id, type: message.type,
      text: message.data.text.slice(0, 200), created_at: message.created_at,
    },
  });
}

async function deliver(history, entry) {
  changePending(history, entry.client_id, { state: 'sending', fault: '' });
  try {
    noteSent(history, await postPatiently(entry));
  } catch (error) {
    changePending(history, entry.client_id, { state: 'failed', fault: error.message });
  }
}

/* One after the other in each room, so that they stand in the order in which they were written. */
function enqueue(history, entry) {
  history.queue = history.queue.then(() => deliver(history, entry));
  return history.queue;
}

export function send(history, text) {
  const entry = {
    client_id: uuidv7(), room_id: history.id, text, state: 'sending', fault: '',
    author_id: myId.value, created_at: new Date().toISOString(),
  };
  history.pending.value = [...history.pending.value, entry];
  return enqueue(history, entry);
}

export const sendAgain = (history, entry) => enqueue(history, entry);

export function discard(history, entry) {
  history.pending.value = history.pending.value.filter((other) => other !== entry);
}

export const hasUnsent = () =>
  [...histories.values()].some((history) => history.pending.value.length > 0);

/* --- cursors ---------------------------------------------------------------------------------- */

async function moveCursor(id, cursor) {
  const before = roomOf(id);
  changeRoom(id, { cursor: furthest(before.cursor, cursor), ...('read_seq' in cursor && { unread: 0 }) });
  try {
    await put(`/chat/rooms/${encodeURIComponent(id)}/cursor`, cursor);
  } catch {
    changeRoom(id, { cursor: before.cursor, unread: before.unread }); /* the next poll tries again */
  }
}

export function markDelivered(room) {
  if (room.seq > room.cursor.delivered_seq) return moveCursor(room.id, { delivered_seq: room.seq });
  return Promise.resolve();
}

/* seq: the newest message that stands before the person's eyes */
export function markRead(id, seq) {
  const room = roomOf(id);
  if (!room || seq <= room.cursor.read_seq) return Promise.resolve();
  return moveCursor(id, { delivered_seq: seq, read_seq: seq });
}

onSignOut(() => {
  rooms.value = null;
  moreRooms.value = null;
  histories.clear();
});
