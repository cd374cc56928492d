// Photos of people. An <img> sends no token, so the bytes are fetched here and shown through blob:
// URLs. Each is given back to the browser when nobody shows it and it has not been used for long.
import { signal, useEffect, useMemo } from '../vendor/preact.js';
import { request } from './api.js';
import { onSignOut } from './session.js';

const IDLE_MAX = 60;
const cache = new Map(); /* path -> { url: signal, uses } ; in order of last use */

function drop(path) {
  const { url } = cache.get(path);
  if (url.value) URL.revokeObjectURL(url.value);
  cache.delete(path);
}

async function load(path, entry) {
  try {
    const response = await request('GET', path);
    const blob = await response.blob();
    if (cache.get(path) === entry) entry.url.value = URL.createObjectURL(blob);
  } catch {
    if (cache.get(path) === entry) cache.delete(path); /* initials stand in; the next use asks again */
  }
}

function entryOf(path) {
  let entry = cache.get(path);
  if (!entry) {
    entry = { url: signal(null), uses: 0 };
    cache.set(path, entry);
    load(path, entry);
  }
  return entry;
}

function release(path, entry) {
  entry.uses -= 1;
  if (cache.get(path) !== entry) return;
  cache.delete(path);
  cache.set(path, entry);
  const idle = [...cache].filter(([, { uses }]) => uses === 0);
  for (const [old] of idle.slice(0, Math.max(0, idle.length - IDLE_MAX))) drop(old);
}

/* The blob: URL of a photo, null while there is none to show. */
export function usePhoto(path) {
  const entry = useMemo(() => (path ? entryOf(path) : null), [path]);
  useEffect(() => {
    if (!entry) return undefined;
    entry.uses += 1;
    return () => release(path, entry);
  }, [entry]);
  return entry?.url.value ?? null;
}

onSignOut(() => {
  for (const path of [...cache.keys()]) drop(path);
});
