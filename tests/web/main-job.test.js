// Two people do the whole main job, on a phone and on a desktop, in light and in dark.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, openBrowser } from './browser.js';
import { Server } from './server.js';
import {
  assertPhoto, assertSeen, assertUnread, backToList, bubble, choosePhoto, find, recover, room, signIn,
  signOut, signUp, write,
} from './steps.js';

const PHOTO = new URL('photo.jpg', import.meta.url).pathname;
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

async function mainJob({ size, scheme }, { ada, alan }) {
  const one = await Person.arrive(browser, server, { size, scheme });
  const two = await Person.arrive(browser, server, { size, scheme });

  await one.shoot('01-sign-in');
  await signUp(one, ada);
  await one.shoot('02-empty');
  await signUp(two, alan);
  await choosePhoto(two, PHOTO);

  await find(one, alan.number, alan.name);
  await one.shoot('03-found');
  await one.page.getByRole('button', { name: 'Start the conversation' }).click();
  await write(one, 'Did you get home before the rain?');
  await assertSeen(one, 'Did you get home before the rain?');

  await assertUnread(two, ada.name, 1);
  await two.shoot('04-unread');
  await room(two, ada.name).click();
  await assertSeen(two, 'Did you get home before the rain?');
  await bubble(one, 'Did you get home').getByRole('img', { name: 'Read' }).waitFor();

  await backToList(one);
  await assertPhoto(one, alan.name);
  await write(two, 'Just about!');
  await write(two, 'The clouds were lovely.');
  await assertSeen(two, 'The clouds were lovely.');
  await assertUnread(one, alan.name, 2);
  await room(one, alan.name).click();
  await assertSeen(one, 'The clouds were lovely.');
  await one.shoot('05-conversation');
  await backToList(one);
  await assertUnread(one, alan.name, 0);
  await backToList(two);
  await assertUnread(two, ada.name, 0);

  await signOut(one);
  await recover(one, { number: ada.number, password: 'another quiet place' });
  await room(one, alan.name).click();
  await assertSeen(one, 'The clouds were lovely.');
  await one.page.reload();
  await assertSeen(one, 'The clouds were lovely.');
  await backToList(one);
  await signOut(one);
  await signIn(one, { number: ada.number, password: 'another quiet place' });

  assert.deepEqual([...one.faults, ...two.faults], []);
  await Promise.all([one.leave(), two.leave()]);
}

let next = 100;
const number = () => `+4915123456${next++}`;

for (const size of ['phone', 'desktop']) {
  for (const scheme of ['light', 'dark']) {
    test(`two people sign up, find each other and chat (${size}, ${scheme})`, async () => {
      await mainJob({ size, scheme }, {
        ada: { name: 'Ada Lovelace', number: number(), password: 'a quiet place' },
        alan: { name: 'Alan Turing', number: number(), password: 'a quiet place' },
      });
    });
  }
}
