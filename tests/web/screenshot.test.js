// The picture of README: a desktop in light, and a phone in dark before it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { Person, openBrowser, shotPath } from './browser.js';
import { Server } from './server.js';
import { assertPhoto, assertSeen, bubble, room, signIn } from './steps.js';

const PHOTO = await readFile(new URL('photo.jpg', import.meta.url));
let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const OTHERS = [
  ['Émilie du Châtelet', 'The proof is on its way to you.'],
  ['Mary Shelley', 'Such weather by the lake! We tell ghost stories.'],
  ['Grace Hopper', 'Found it. It was an actual moth.'],
  ['Katherine Johnson', 'Checked by hand: your numbers are right.'],
  ['Ursula Le Guin', 'Come in, come in.'],
];

const TALK = [
  ['alan', 'Good morning! Are you coming to the lake on Saturday?'],
  ['alan', 'The forecast says sun until four.'],
  ['ada', 'I would love to. I still owe you a boat ride ⛵'],
  ['alan', 'You do. Shall I bring the sandwiches?'],
  ['ada', 'Please! And the book that you told me about.'],
  ['alan', 'It is in my bag already. There is a passage on machines that write poetry, and I want to hear what you think of it.'],
  ['ada', '🌤️'],
  ['ada', 'Saturday at ten, then, by the old jetty.'],
];

async function givePhoto(person) {
  const answer = await fetch(`${server.origin}/profile/photo`, {
    method: 'PUT', body: PHOTO, headers: { 'Content-Type': 'image/jpeg', Authorization: `Bearer ${person.token}` },
  });
  assert.equal(answer.status, 200);
}

async function people() {
  const ada = await server.person('Ada Lovelace', '+4915123460000');
  for (const [i, [name, text]] of OTHERS.entries()) {
    const other = await server.person(name, `+491512346000${i + 1}`);
    await server.say(other, await server.room(other, ada), text);
  }
  const alan = await server.person('Alan Turing', '+4915123460009');
  await givePhoto(alan);
  const talk = await server.room(ada, alan);
  for (const [who, text] of TALK) await server.say(who === 'ada' ? ada : alan, talk, text);
  return { ada, alan };
}

async function view(size, scheme, who, other) {
  const person = await Person.arrive(browser, server, { size, scheme });
  await signIn(person, who);
  await room(person, other.name).click();
  await assertSeen(person, TALK.at(-1)[1]);
  return person;
}

test('the picture of README shows a conversation, on a desktop and on a phone', async () => {
  const { ada, alan } = await people();
  const desktop = await view('desktop', 'light', ada, alan);
  const phone = await view('phone', 'dark', alan, ada);
  await bubble(desktop, TALK.at(-1)[1]).getByRole('img', { name: 'Read' }).waitFor();
  await assertPhoto(desktop, alan.name);
  assert.deepEqual([...desktop.faults, ...phone.faults], []);

  const [wide, tall] = await Promise.all([desktop.page.screenshot(), phone.page.screenshot()]);
  const source = (bytes) => `data:image/png;base64,${bytes.toString('base64')}`;
  const frame = await browser.newPage({ viewport: { width: 1230, height: 660 } });
  await frame.setContent(`<style>
      body { margin: 0; height: 660px; position: relative; }
      img { position: absolute; border-radius: 14px; box-shadow: 0 0 0 1px #0002, 0 14px 34px #0003; }
      .wide { left: 20px; top: 20px; width: 960px; }
      .tall { left: 948px; bottom: 22px; height: 560px; border-radius: 26px; box-shadow: 0 0 0 5px #05090b, 0 16px 40px #0006; }
    </style><img class="wide" src="${source(wide)}"><img class="tall" src="${source(tall)}">`);
  await frame.screenshot({ path: shotPath('readme.png'), omitBackground: true });
});
