// Who is signed in. The access token lives in memory alone; the refresh token in an HttpOnly
// cookie that no script can read, so that a reload stays signed in and a stolen page does not.
import { batch, computed, signal } from '../vendor/preact.js';
import { ApiError, get, post, useTokens } from './api.js';
import { onChangeElsewhere, recall, remember } from './storage.js';

/* 'starting', 'out', or 'in' (me is known then) */
export const state = signal('starting');
export const me = signal(null);
export const config = signal(null);
export const myId = computed(() => me.value?.id ?? null);

/* Renew this long before the end, so that the usual request never meets a 401. */
const MARGIN_MS = 30_000;

let access = null; /* { token, endsMs } */
let renewing = null;
const leaving = new Set();

/* fn runs when the person signs out, here or in another tab, or the session was ended elsewhere. */
export function onSignOut(fn) {
  leaving.add(fn);
}

function keep({ access_token, expires_in }) {
  access = { token: access_token, endsMs: Date.now() + expires_in * 1000 };
}

function forget() {
  access = null;
  batch(() => {
    me.value = null;
    state.value = 'out';
  });
  for (const fn of leaving) fn();
}

async function renewNow() {
  try {
    keep(await post('/auth/refresh-token', {}, { public: true }));
    return true;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      remember('signed-in', null);
      forget();
      return false;
    }
    throw error;
  }
}

/* One renewal at a time: whoever comes meanwhile waits for the same one. */
function renew() {
  renewing ??= renewNow().finally(() => { renewing = null; });
  return renewing;
}

useTokens({
  async token() {
    if (access && Date.now() > access.endsMs - MARGIN_MS) await renew();
    return access?.token ?? null;
  },
  async renew(refused) {
    if (access && access.token !== refused) return true; /* someone was quicker */
    return state.value === 'in' ? renew() : false;
  },
});

async function enter() {
  me.value = await get('/profile');
  remember('signed-in', '1');
  state.value = 'in';
}

/* Resolves when it is known whether somebody is signed in. Throws if the server is not reached. */
export async function start() {
  config.value ??= await get('/config', { public: true });
  if (!recall('signed-in') || !(await renew())) {
    state.value = 'out';
    return;
  }
  await enter();
}

/* The cookie is for the server's own address alone: 127.0.0.1 is not localhost. */
function atWrongAddress(error) {
  const home = config.value?.public_url;
  if (error.status !== 403 || !home || new URL(home).origin === location.origin) return null;
  return new ApiError(421, { detail: `Open this page at ${home} to sign in.` });
}

/* Resolves to null when the person is in, or to the challenge { id, methods } that stands before. */
async function ask(path, body) {
  const answer = await post(path, { ...body, cookie: true }, { public: true })
    .catch((error) => { throw atWrongAddress(error) ?? error; });
  if (answer.challenge) return answer.challenge;
  keep(answer);
  await enter();
  return null;
}

export const signIn = (identifier, password) =>
  ask('/auth/sign-in', { ...identifier, password, device_name: deviceName() });

export const answerChallenge = (id, method, code) =>
  ask('/auth/sign-in/challenge', { challenge_id: id, method, code });

async function leave(body) {
  await post('/auth/sign-out', body).catch((error) => {
    if (error.status !== 401) throw error; /* the cookie would still be good: say so */
  });
  remember('signed-in', null);
  forget();
}

export const signOut = () => leave({});
export const signOutEverywhere = () => leave({ everywhere: true });

onChangeElsewhere('signed-in', (value) => {
  if (value === null && state.value === 'in') forget();
});

/* What the list of devices will call this browser. */
function deviceName(agent = navigator.userAgent) {
  const find = (pairs, otherwise) => pairs.find(([pattern]) => pattern.test(agent))?.[1] ?? otherwise;
  const browser = find([
    [/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/SamsungBrowser/, 'Samsung Internet'],
    [/Firefox|FxiOS/, 'Firefox'], [/Chrome|CriOS/, 'Chrome'], [/Safari/, 'Safari'],
  ], 'Browser');
  const system = find([
    [/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'],
    [/Mac OS X/, 'Mac'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux'],
  ], '');
  return system ? `${browser} on ${system}` : browser;
}
