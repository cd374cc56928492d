import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { ApiError, get, polled, post, url, useTokens } from '../../../www/js/api.js';
import { uuidv7 } from '../../../www/js/ids.js';

globalThis.crypto ??= webcrypto; /* Node 18 */

/* Answers in turn; notes what was asked. */
function serve(...answers) {
  const asked = [];
  globalThis.fetch = async (path, options) => {
    asked.push({ path, method: options.method, headers: options.headers });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return new Response(answer.body && JSON.stringify(answer.body), {
      status: answer.status ?? 200,
      headers: { 'Content-Type': answer.type ?? 'application/json', ...answer.headers },
    });
  };
  return asked;
}

const problem = (status, body, headers) => ({ status, body, headers, type: 'application/problem+json' });
const fails = (promise) => promise.then(() => assert.fail('should have failed'), (error) => error);

test('a refused token is renewed once, and the request sent again with the new one', async () => {
  let token = 'old';
  useTokens({ token: async () => token, renew: async () => { token = 'new'; return true; } });
  const asked = serve(problem(401, {}), { body: { a: 1 } });
  assert.deepEqual(await get('/x'), { a: 1 });
  assert.deepEqual(asked.map(({ headers }) => headers.get('Authorization')), ['Bearer old', 'Bearer new']);
});

test('a token that stays refused is not renewed for ever', async () => {
  useTokens({ token: async () => 'old', renew: async () => true });
  const asked = serve(problem(401, {}), problem(401, { code: 'unauthorized' }));
  assert.equal((await fails(get('/x'))).status, 401);
  assert.equal(asked.length, 2);
});

test('a wrong password is no reason to renew the token', async () => {
  useTokens({ token: async () => 'good', renew: async () => assert.fail('must not renew') });
  const asked = serve(problem(401, { code: 'wrong_credentials' }));
  assert.equal((await fails(post('/auth/change-password', {}))).code, 'wrong_credentials');
  assert.equal(asked.length, 1);
});

test('a public request carries no token and is not repeated', async () => {
  useTokens({ token: async () => 'secret', renew: async () => assert.fail('must not renew') });
  const asked = serve(problem(401, { code: 'wrong_credentials' }));
  const error = await fails(post('/auth/sign-in', {}, { public: true }));
  assert.match(error.message, /do not go together/);
  assert.equal(asked[0].headers.get('Authorization'), null);
});

test('faults are said in words for people', async () => {
  useTokens({ token: async () => null, renew: async () => false });
  serve(problem(429, { code: 'too_many_requests' }, { 'Retry-After': '120' }));
  assert.match((await fails(get('/x'))).message, /Wait 2 minutes/);
  serve(new TypeError('Failed to fetch'));
  const unreachable = await fails(get('/x'));
  assert.match(unreachable.message, /cannot be reached/);
  assert.ok(unreachable.passing);
  serve({ status: 502, type: 'text/html' });
  assert.ok((await fails(get('/x'))).passing);
});

test('the fields of a 422 are known by name', async () => {
  serve(problem(422, { code: 'invalid', errors: [{ pointer: '/phone_number', detail: 'Write it like +49.' }] }));
  const error = await fails(post('/x', {}));
  assert.ok(error instanceof ApiError);
  assert.equal(error.fields.get('phone_number'), 'Write it like +49.');
  assert.ok(!error.passing);
});

test('what is polled is asked for with its last ETag, and null while it is the same', async () => {
  const asked = serve({ body: { n: 1 }, headers: { ETag: '"a"' } }, { status: 304 }, { body: { n: 2 } });
  const ask = polled('/x');
  assert.deepEqual(await ask(), { n: 1 });
  assert.equal(await ask(), null);
  assert.deepEqual(await ask(), { n: 2 });
  assert.deepEqual(asked.map(({ headers }) => headers.get('If-None-Match')), [null, '"a"', '"a"']);
});

test('a query leaves out what is undefined, and is encoded', () => {
  assert.equal(url('/x', { a: 'b&c', d: undefined, e: null }), '/x?a=b%26c');
  assert.equal(url('/x'), '/x');
});

test('a client id is a UUIDv7 that sorts by time', () => {
  const ids = [1, 1_700_000_000_000, 1_700_000_000_001].map((now) => uuidv7(now));
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(ids[1].slice(0, 13), '018bcfe5-6800');
});
