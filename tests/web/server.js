// An installed Cloud Chat with a data folder of its own, on a free port, for as long as a test needs it.
import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const STAGE = process.env.STAGE ?? fileURLToPath(new URL('../../build/stage', import.meta.url));
const START_MS = 20_000;
const CODE_MS = 10_000;

/* Asks again until fn answers with something, or the time is over. */
export async function until(what, limitMs, fn) {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await fn();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((done) => { setTimeout(done, 25); });
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/* Settings of whoever runs the tests are not the server's. */
const plainEnv = () => Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !key.startsWith('CLOUDCHAT_')));

export class Server {
  static async start() {
    const server = new Server();
    server.port = await freePort();
    server.origin = `http://localhost:${server.port}`;
    server.folder = await mkdtemp(join(tmpdir(), 'cloud-chat-web-'));
    server.seen = 0;
    server.log = '';
    server.process = spawn(join(STAGE, 'bin/cloudchat'),
      ['serve', '--data', server.folder, '--port', String(server.port)],
      { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnv() });
    for (const stream of [server.process.stdout, server.process.stderr]) {
      stream.on('data', (bytes) => { server.log += bytes; });
    }
    server.ended = new Promise((done) => { server.process.once('close', done); });
    try {
      await until('the server is ready', START_MS, () => server.isReady());
    } catch (error) {
      await server.stop();
      throw new Error(`${error.message}\n${server.log}`);
    }
    return server;
  }

  async isReady() {
    if (this.process.exitCode !== null) throw new Error(`the server ended:\n${this.log}`);
    return fetch(`${this.origin}/config`).then((answer) => answer.ok, () => false);
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  async #outbox() {
    const text = await readFile(join(this.folder, 'outbox.jsonl'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /* How many codes went to that number so far: to be taken before the next one is asked for. */
  async codesTo(number) {
    return (await this.#outbox()).filter((line) => line.to === number && line.code).length;
  }

  /* The code that comes after the first `already`. */
  async codeTo(number, already = 0) {
    return until(`a code for ${number}`, CODE_MS, async () => {
      const codes = (await this.#outbox()).filter((line) => line.to === number && line.code);
      return codes[already]?.code;
    });
  }

  async call(method, path, body, token) {
    const answer = await fetch(this.origin + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /* Somebody who is there already, made without a browser: { id, name, number, token }. */
  async person(name, number, password = 'a quiet place') {
    const made = await this.personBy({ phone_number: number }, name, password);
    return { ...made, number };
  }

  /* login: { phone_number } or { email } */
  async personBy(login, name, password = 'a quiet place') {
    const { id } = await this.call('POST', '/auth/sign-up', { name, ...login, password });
    const code = await this.codeTo(Object.values(login)[0]);
    await this.call('POST', '/auth/account-confirmation', { id, code });
    const { access_token: token } = await this.call('POST', '/auth/sign-in', { ...login, password });
    const profile = await this.call('GET', '/profile', null, token);
    return { id: profile.id, name, password, token };
  }

  /* The operator's command, on this data. */
  operate(...words) {
    return execFileSync(join(STAGE, 'bin/cloudchat'), [...words, '--data', this.folder],
      { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async room(a, b) {
    return this.call('POST', '/chat/rooms', { participants: [a.id, b.id] }, a.token);
  }

  async say(author, room, text) {
    const client_id = `test-${++this.seen}`;
    return this.call('POST', '/chat/messages', { room_id: room.id, type: 'text', data: { text }, client_id }, author.token);
  }
}
