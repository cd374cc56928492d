// Keeps the store up to date by asking: the list of rooms every two seconds (one small request,
// answered 304 while nothing changed), and the changes of those rooms that are open here.
import { effect, signal } from '../vendor/preact.js';
import { ApiError, polled, url } from './api.js';
import { config, state } from './session.js';
import {
  catchUp, keepRooms, markDelivered, moreRooms, rooms, roomOf, shownHistories,
} from './store.js';

const SLOWEST_MS = 30_000;

/* False after two failures in a row: a single one is not worth a word. */
export const connected = signal(true);

let timer = null;
let asking = null; /* the promise of the round under way */
let again = false;
let failures = 0;
let askRooms = null;
let listed = new Set(); /* ids of the first page of the list */
let openRoomId = null;

/* The room that is open, even if it is too far down to be in the first page of the list. */
export function watchRoom(id) {
  openRoomId = id;
}

async function updateRooms() {
  const first = rooms.value === null;
  const page = await askRooms();
  if (!page) return;
  keepRooms(page.items);
  listed = new Set(page.items.map((room) => room.id));
  if (first) moreRooms.value = page.next;
  await Promise.all(page.items.map((room) => markDelivered(roomOf(room.id))));
}

function isBehind(history) {
  if (history.status.value !== 'ready') return false;
  if (history.id === openRoomId && !listed.has(history.id)) return true;
  return roomOf(history.id)?.rev !== history.rev;
}

async function updateHistories() {
  for (const history of shownHistories().filter(isBehind)) await catchUp(history);
}

async function round() {
  try {
    await updateRooms();
    await updateHistories();
    failures = 0;
  } catch (error) {
    failures += 1; /* said by the banner, mended by a later round */
    if (!(error instanceof ApiError)) reportError(error);
  }
  connected.value = failures < 2;
}

function pauseMs() {
  const usual = config.value?.realtime?.interval_ms ?? 2000;
  return failures === 0 ? usual : Math.min(usual * 2 ** failures, SLOWEST_MS) * (0.8 + Math.random() * 0.4);
}

function schedule() {
  clearTimeout(timer);
  if (askRooms && !document.hidden) timer = setTimeout(kick, pauseMs());
}

/* Asks now. While a round is under way, another one follows it. */
export function kick() {
  if (!askRooms || document.hidden) return;
  if (asking) {
    again = true;
    return;
  }
  clearTimeout(timer);
  const mine = askRooms;
  asking = round().finally(() => {
    asking = null;
    if (askRooms !== mine) return; /* signed out meanwhile */
    if (again) {
      again = false;
      kick();
    } else {
      schedule();
    }
  });
}

function begin() {
  askRooms = polled(url('/chat/rooms', { limit: 50 }));
  failures = 0;
  again = false;
  kick();
}

function end() {
  clearTimeout(timer);
  askRooms = null;
  connected.value = true;
}

export function startSync() {
  effect(() => {
    if (state.value === 'in') queueMicrotask(begin);
    else queueMicrotask(end);
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else kick();
  });
  window.addEventListener('online', kick);
}
