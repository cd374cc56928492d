// The one way to the server. Adds the access token, renews it once when it has run out, and turns
// every failure into an ApiError whose message can be shown to a person.
import { sayFault } from './faults.js';

export class ApiError extends Error {
  constructor(status, problem = {}, retryAfterS = 0) {
    super(sayFault(status, problem, retryAfterS));
    this.name = 'ApiError';
    this.status = status; /* 0: the server was not reached */
    this.code = problem.code ?? '';
    this.retryAfterS = retryAfterS;
    this.fields = new Map();
    for (const { pointer, detail } of problem.errors ?? []) {
      this.fields.set(pointer.replace(/^\//, ''), detail);
    }
  }

  /* The same request may be sent again: nothing was done, or doing it twice is the same as once. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/* Given by session.js, so that this file knows nothing of how tokens come about. */
const hooks = { token: async () => null, renew: async () => false };

export function useTokens({ token, renew }) {
  hooks.token = token;
  hooks.renew = renew;
}

const json = (body) => ({
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json' },
});

async function attempt(method, path, { body, headers, signal }, token) {
  const all = new Headers(headers);
  if (token) all.set('Authorization', `Bearer ${token}`);
  try {
    return await fetch(path, {
      method, body, signal, headers: all, credentials: 'same-origin', cache: 'no-store',
    });
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    throw new ApiError(0);
  }
}

async function failure(response) {
  let problem = {};
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    problem = await response.json().catch(() => ({}));
  }
  const retryAfterS = Number.parseInt(response.headers.get('Retry-After') ?? '0', 10) || 0;
  return new ApiError(response.status, problem, retryAfterS);
}

/* A 401 that is not about the token: a new one would be refused just the same. */
const NOT_THE_TOKEN = ['wrong_credentials', 'wrong_code'];

/* Resolves to the Response of a success (or 304); throws ApiError otherwise. */
export async function request(method, path, options = {}) {
  const token = options.public ? null : await hooks.token();
  let response = await attempt(method, path, options, token);
  if (response.status === 401 && !options.public) {
    const refusal = await failure(response);
    if (NOT_THE_TOKEN.includes(refusal.code) || !(await hooks.renew(token))) throw refusal;
    response = await attempt(method, path, options, await hooks.token());
  }
  if (!response.ok && response.status !== 304) throw await failure(response);
  return response;
}

async function decoded(response) {
  if (response.status === 204 || response.status === 304) return null;
  try {
    return await response.json();
  } catch {
    throw new ApiError(0);
  }
}

export const get = async (path, options) => decoded(await request('GET', path, options));
export const del = async (path) => decoded(await request('DELETE', path));
export const post = async (path, body, options) =>
  decoded(await request('POST', path, { ...json(body), ...options }));
export const put = async (path, body) => decoded(await request('PUT', path, json(body)));
export const patch = async (path, body) => decoded(await request('PATCH', path, json(body)));

export const putBytes = async (path, blob) => decoded(await request('PUT', path, {
  body: blob, headers: { 'Content-Type': blob.type },
}));

/* A resource that is asked for again and again: resolves to null while it has not changed. */
export function polled(path) {
  let etag = null;
  return async (options = {}) => {
    const headers = etag ? { 'If-None-Match': etag } : {};
    const response = await request('GET', path, { ...options, headers });
    if (response.status === 304) return null;
    const body = await decoded(response);
    etag = response.headers.get('ETag');
    return body;
  };
}

/* A path with its query; what is undefined is left out. */
export function url(path, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}
