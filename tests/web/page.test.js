// What every view must keep: its look in both themes, the keyboard, small screens, failing networks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, openBrowser } from './browser.js';
import { Server, until } from './server.js';
import { assertSeen, assertUnread, bubble, find, openRecovery, pasteCode, room, signIn, write } from './steps.js';

let server;
let browser;
let ada;
let alan;
let talk;

before(async () => {
  server = await Server.start();
  browser = await openBrowser();
  ada = await server.person('Ada Lovelace', '+4915123450001');
  alan = await server.person('Alan Turing', '+4915123450002');
  const mina = await server.person('Wilhelmina Featherstonehaugh-Cholmondeley', '+4915123450004');
  await server.say(mina, await server.room(mina, ada), 'A long line that must be cut short in the list, whatever the screen. '.repeat(4));
  talk = await server.room(ada, alan);
  for (let i = 1; i <= 120; i++) await server.say(i % 3 ? alan : ada, talk, `Letter number ${i}`);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/* Ends with the check that nothing went wrong unseen. */
async function withPerson(options, fn) {
  const person = await Person.arrive(browser, server, options);
  try {
    await fn(person);
    assert.deepEqual(person.faults, []);
  } catch (error) {
    await person.shoot('failed').catch(() => {});
    throw error;
  } finally {
    await person.leave();
  }
}

const heading = (person, name) => person.page.getByRole('heading', { name }).first().waitFor();

/* Every view: how one gets there, and how one knows that it has come. */
const OUTSIDE = [
  ['sign-in', '#/sign-in', 'Welcome back'],
  ['sign-up', '#/sign-up', 'Create your account'],
  ['forgot', '#/forgot', 'Forgot your password?'],
];
const INSIDE = [
  ['list', '#/', 'Cloud Chat'],
  ['new', '#/new', 'New conversation'],
  ['settings', '#/settings', 'Settings'],
  ['password', '#/settings/password', 'Change password'],
  ['devices', '#/settings/devices', 'Your devices'],
];

async function everyView(person, check) {
  for (const [name, hash, title] of OUTSIDE) {
    await person.go(hash);
    await heading(person, title);
    await person.settle();
    await check(name);
  }
  await person.go('#/sign-in');
  await heading(person, 'Welcome back');
  await signIn(person, ada);
  for (const [name, hash, title] of INSIDE) {
    await person.go(hash);
    await heading(person, title);
    await person.settle();
    await check(name);
  }
  await person.go(`#/rooms/${encodeURIComponent(talk.id)}`);
  await assertSeen(person, 'Letter number 120');
  await check('talk');
}

for (const size of ['phone', 'desktop']) {
  for (const scheme of ['light', 'dark']) {
    test(`every view meets WCAG AA, contrast included (${size}, ${scheme})`, async () => {
      await withPerson({ size, scheme }, async (person) => {
        const found = [];
        await everyView(person, async (name) => {
          await person.shoot(`view-${name}`);
          found.push(...(await person.violations()).map((line) => `${name}: ${line}`));
        });
        assert.deepEqual(found, []);
      });
    });
  }
}

test('nothing is wider than a screen of 320 pixels', async () => {
  await withPerson({ size: 'phone', viewport: { width: 320, height: 568 } }, async (person) => {
    await everyView(person, async (name) => {
      const beyond = await person.page.evaluate(() => [...document.querySelectorAll('#app *')]
        .filter((element) => !element.closest('svg, .sky, .hidden, bdi'))
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
        .map((element) => element.outerHTML.slice(0, 120)));
      assert.deepEqual(beyond, [], name);
    });
  });
});

test('the whole way to a sent message needs no mouse', async () => {
  await withPerson({}, async (person) => {
    const { page } = person;
    const keys = async (...names) => { for (const name of names) await page.keyboard.press(name); };
    const focused = (what) => until(`the focus is on ${what}`, 3000, () => page.evaluate((wanted) => {
      const at = document.activeElement;
      const name = at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent;
      return at.matches(':focus-visible') && name.includes(wanted);
    }, what));

    await focused('Phone number');
    await page.keyboard.type(ada.number);
    await keys('Tab', 'Tab');
    await focused('Password');
    await page.keyboard.type(ada.password);
    await keys('Enter');
    await page.getByRole('navigation', { name: 'Conversations' }).waitFor();
    await room(person, 'Alan Turing').waitFor();

    await keys('Control+k');
    await focused('Search your conversations');
    await keys('Shift+Tab', 'Shift+Tab');
    await focused('New conversation');
    await keys('Enter');
    await focused('Phone number');
    await page.keyboard.type(alan.number);
    await keys('Enter');
    await focused('Start the conversation');
    await keys('Enter');

    await focused('Message to Alan Turing');
    await page.keyboard.type('First line');
    await keys('Shift+Enter');
    await page.keyboard.type('and second, without a mouse');
    await keys('Enter');
    await assertSeen(person, 'and second, without a mouse');
    assert.match(await bubble(person, 'without a mouse').innerText(), /First line\nand second/);

    const onRow = (name) => until(`the focus is on the row of ${name}`, 3000, () => page.evaluate((wanted) =>
      document.activeElement.matches('.room:focus-visible') && document.activeElement.textContent.includes(wanted), name));
    await keys('Escape');
    await onRow('Alan Turing');
    await keys('ArrowDown');
    await onRow('Wilhelmina');
    await keys('Home', 'Enter');
    await focused('Message to Alan Turing');
    await keys('Escape');
    await onRow('Alan Turing');
  });
});

test('a wrong code is said at its field, and the right one goes on', async () => {
  await withPerson({ size: 'phone' }, async (person) => {
    const { page } = person;
    const number = '+4915123450003';
    person.expected.push(/401.*account-confirmation/);
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByLabel('Your name').fill('Mary Shelley');
    await page.getByLabel('Phone number').fill(`${number.slice(0, 3)} (0)`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('That number is too short.').waitFor();
    await page.getByLabel('Phone number').fill(number.replace('+49', '0049 '));
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Use at least 8 characters.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('by the lake');
    await page.getByRole('button', { name: 'Continue' }).click();
    await heading(person, 'Enter your code');

    const code = await server.codeTo(number);
    await pasteCode(page, code === '000000' ? '111111' : '000000');
    await page.getByText('That code is not right').waitFor();
    await person.shoot('wrong-code');
    await pasteCode(page, code);
    await heading(person, 'It is quiet here');
  });
});

test('a message whose answer is lost is sent again and stands there once', async () => {
  await withPerson({}, async (person) => {
    const { page } = person;
    person.expected.push(/ERR_FAILED.*\/chat\/messages/);
    await signIn(person, ada);
    await room(person, 'Alan Turing').click();
    let lost = 0;
    await page.route('**/chat/messages', async (route) => {
      if (route.request().method() !== 'POST' || lost > 0) return route.continue();
      lost += 1;
      await route.fetch();
      return route.abort();
    });
    await write(person, 'Only once, please');
    await bubble(person, 'Only once, please').getByRole('img', { name: /Sent|Delivered|Read/ }).waitFor();
    assert.equal(lost, 1);
    assert.equal(await page.locator('.bubble', { hasText: 'Only once, please' }).count(), 1);
  });
});

test('a message that cannot be sent says so and can be tried again', async () => {
  await withPerson({}, async (person) => {
    const { page } = person;
    person.expected.push(/403.*\/chat\/messages/);
    await signIn(person, ada);
    await room(person, 'Alan Turing').click();
    await page.route('**/chat/messages', (route) => route.fulfill({
      status: 403, contentType: 'application/problem+json', body: '{"status":403,"code":"forbidden"}',
    }), { times: 1 });
    await write(person, 'Knock, knock');
    await page.getByText('You may not do that.').waitFor();
    await person.shoot('not-sent');
    await page.getByRole('button', { name: 'Try again' }).click();
    await bubble(person, 'Knock, knock').getByRole('img', { name: /Sent|Delivered|Read/ }).waitFor();
  });
});

test('older messages come on the way up, and the eye stays where it was', async () => {
  await withPerson({}, async (person) => {
    const { page } = person;
    await signIn(person, ada);
    await room(person, 'Alan Turing').click();
    await bubble(person, 'Letter number 120').waitFor();
    const scroller = page.getByRole('region', { name: 'Messages' });
    const before = await page.locator('.bubble').count();
    const place = (seq) => page.evaluate((wanted) =>
      document.querySelector(`[data-seq="${wanted}"]`).getBoundingClientRect().y, seq);
    const seq = await page.locator('.bubble').nth(3).getAttribute('data-seq');
    await scroller.evaluate((box) => { box.scrollTop = 40; });
    const at = await place(seq);
    await until('older messages are there', 5000, async () => (await page.locator('.bubble').count()) > before);
    const moved = await place(seq) - at;
    assert.ok(Math.abs(moved) < 4, `moved by ${moved} px`);

    for (let i = 0; i < 4; i++) await scroller.evaluate((box) => { box.scrollTop = 0; });
    await until('the beginning is there', 5000, async () => {
      await scroller.evaluate((box) => { box.scrollTop = 0; });
      return page.getByText('This is where your conversation began.').isVisible();
    });
    await page.getByRole('button', { name: 'Go to the newest message' }).click();
    await until('the newest is in sight', 3000, () => scroller.evaluate((box) =>
      box.scrollHeight - box.scrollTop - box.clientHeight < 2));
  });
});

test('what came while one was away stands below a line', async () => {
  await withPerson({ size: 'phone' }, async (person) => {
    await signIn(person, ada);
    await room(person, 'Alan Turing').click();
    await person.page.getByPlaceholder('Write a message').waitFor();
    await person.page.getByRole('button', { name: 'Back to your conversations' }).click();
    await server.say(alan, talk, 'Are you there?');
    await assertUnread(person, 'Alan Turing', 1);
    assert.match(await person.page.title(), /^\(\d+\) Cloud Chat$/);
    await room(person, 'Alan Turing').click();
    await person.page.getByText('New messages').waitFor();
    await assertSeen(person, 'Are you there?');
    await person.shoot('new-line');
  });
});

test('a session that was ended elsewhere leads to the sign-in', async () => {
  await withPerson({}, async (person) => {
    person.expected.push(/401/);
    await signIn(person, alan);
    await room(person, 'Ada Lovelace').waitFor();
    await server.call('DELETE', '/auth/sessions', null, alan.token);
    await heading(person, 'Welcome back');
  });
});

test('who signs out everywhere is asked first, and is out in every browser', async () => {
  const hedy = await server.person('Hedy Lamarr', '+4915123450063');
  await withPerson({ size: 'phone' }, async (phone) => {
    phone.expected.push(/401/);
    await signIn(phone, hedy);
    await withPerson({}, async (person) => {
      const { page } = person;
      const button = page.getByRole('button', { name: 'Sign out everywhere', exact: true });
      const dialog = page.getByRole('dialog', { name: 'Sign out everywhere?' });
      await signIn(person, hedy);
      await person.go('#/settings/devices');
      await button.focus();
      await page.keyboard.press('Enter');
      await dialog.waitFor();
      await person.settle();
      await person.shoot('sign-out-everywhere');
      assert.deepEqual(await person.violations(), []);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      assert.equal(await button.evaluate((element) => element === document.activeElement), true);
      await button.click();
      await dialog.getByRole('button', { name: 'Sign out everywhere' }).click();
      await heading(person, 'Welcome back');
      await page.reload();
      await heading(person, 'Welcome back');
    });
    await heading(phone, 'Welcome back');
    await signIn(phone, hedy);
    await phone.go('#/settings/devices');
    await phone.page.getByText('This device').waitFor();
    assert.equal(await phone.page.locator('.device').count(), 1);
  });
});

test('an account that was removed is called so, what it said stays, and nobody writes to it', async () => {
  const reader = await server.person('Annie Easley', '+4915123450061');
  const gone = await server.person('Karen Spärck', '+4915123450062');
  const chat = await server.room(reader, gone);
  await server.say(gone, chat, 'Weights of rare words');
  await withPerson({}, async (person) => {
    await signIn(person, reader);
    await room(person, 'Karen Spärck').click();
    await person.page.getByPlaceholder('Write a message').waitFor();
    server.operate('user', 'remove', gone.number, '--yes');
    await person.page.getByText('This account was removed.').waitFor();
    await heading(person, 'Removed account');
    await room(person, 'Removed account').waitFor();
    await assertSeen(person, 'Weights of rare words');
    assert.equal(await person.page.getByPlaceholder('Write a message').count(), 0);
  });
});

test('a changed password is the one that counts, and a wrong present one is said at its field', async () => {
  const grace = await server.person('Grace Hopper', '+4915123450005');
  await withPerson({ size: 'phone' }, async (person) => {
    const { page } = person;
    person.expected.push(/(401|429).*change-password/);
    await signIn(person, grace);
    await person.go('#/settings/password');
    const change = async (present, next) => {
      await page.getByLabel('Present password').fill(present);
      await page.getByLabel('New password').fill(next);
      await page.getByRole('button', { name: 'Change password' }).click();
    };
    await change('not this one', 'found a moth');
    await page.getByText('That is not your present password.').waitFor();
    await until('the second try is allowed', 5000, async () => { /* a wrong one costs a second */
      await change(grace.password, 'found a moth');
      await page.getByText(/Your password is changed|tried too often/).waitFor();
      return page.getByText('Your password is changed').isVisible();
    });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(person, 'Welcome back');
    await signIn(person, { ...grace, password: 'found a moth' });
  });
});

test('a page that was opened at another address says where to go', async () => {
  const elsewhere = { ...server, origin: server.origin.replace('localhost', '127.0.0.1') };
  const person = await Person.arrive(browser, elsewhere, {});
  await person.page.getByLabel('Phone number').fill(ada.number);
  await person.page.getByLabel('Password', { exact: true }).fill(ada.password);
  await person.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await person.page.getByText(`Open this page at ${server.origin}`).waitFor();
  await person.leave();
});

test('a chosen theme holds over a reload, against the system', async () => {
  await withPerson({ scheme: 'light' }, async (person) => {
    const { page } = person;
    await signIn(person, ada);
    await person.go('#/settings');
    await page.getByRole('radio', { name: 'Dark' }).check();
    await page.reload();
    await heading(person, 'Settings');
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(ground, 'rgb(10, 17, 21)');
  });
});

test('who signs up by e-mail hears that nobody finds him by it, and starts the conversation', async () => {
  await withPerson({ size: 'phone' }, async (person) => {
    const { page } = person;
    await person.go('#/sign-up');
    await page.getByLabel('Your name').fill('Emmy Noether');
    await page.getByRole('button', { name: 'Use e-mail instead' }).click();
    await page.getByText('People find each other by number.').waitFor();
    await page.getByLabel('E-mail address').fill('emmy@example.org');
    await page.getByLabel('Password', { exact: true }).fill('invariance and symmetry');
    await page.getByRole('button', { name: 'Continue' }).click();
    await heading(person, 'Enter your code');
    await pasteCode(page, await server.codeTo('emmy@example.org'));
    await heading(person, 'It is quiet here');
    await person.go('#/settings');
    await page.getByText('emmy@example.org').waitFor();
    assert.equal(await page.getByText('Found by number').count(), 0);
    await person.go('#/');
    await find(person, ada.number, ada.name);
    await page.getByRole('button', { name: 'Start the conversation' }).click();
    await write(person, 'Every symmetry keeps something.');
    await assertSeen(person, 'Every symmetry keeps something.');
  });
});

/* As if the server offered something else. */
async function offer(page, identity) {
  await page.route('**/config', async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    await route.fulfill({ response, json: { ...body, identity: { ...body.identity, ...identity } } });
  });
  await page.reload();
}

test('who came by e-mail is asked for it again, signs in and recovers by it', async () => {
  const login = { email: 'sofja@example.org' };
  await server.personBy(login, 'Sofja Kowalewskaja');
  await withPerson({ size: 'phone' }, async (person) => {
    const { page } = person;
    const inside = () => page.getByRole('navigation', { name: 'Conversations' }).waitFor();
    await offer(page, { codes_are_sent: { phone_number: false, email: true } });
    await page.getByRole('button', { name: 'Use e-mail instead' }).click();
    await page.getByLabel('E-mail address').fill(login.email);
    await page.getByLabel('Password', { exact: true }).fill('a quiet place');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await inside();
    await person.go('#/settings');
    await page.getByText(login.email).waitFor();
    assert.equal(await page.getByText('Phone number').count(), 0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(person, 'Welcome back');
    await page.reload();
    await page.getByLabel('E-mail address').waitFor();
    await openRecovery(page);
    await page.getByLabel('E-mail address').fill(login.email);
    const already = await server.codesTo(login.email);
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await heading(person, 'Choose a new password');
    await page.getByText('Look among the junk, too.').waitFor();
    assert.equal(await page.getByText('This server does not send codes').count(), 0);
    await person.settle();
    await person.shoot('reset-by-email');
    await pasteCode(page, await server.codeTo(login.email, already));
    await page.getByLabel('New password').fill('the spinning top');
    await page.getByRole('button', { name: 'Change password' }).click();
    await inside();
  });
});

test('who waits for a code where only letters are sent is told that no message will come', async () => {
  await withPerson({ size: 'phone' }, async (person) => {
    const { page } = person;
    await offer(page, { codes_are_sent: { phone_number: false, email: true } });
    await openRecovery(page);
    await page.getByLabel('Phone number').fill('+4915123459876');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await page.getByText('This server does not send codes by SMS yet.').waitFor();
    assert.equal(await page.getByText('Look among the junk, too.').count(), 0);
  });
});

test('where no letters go out, e-mail is not offered, and where no messages do, it is asked for', async () => {
  for (const [phone_number, email, wanted] of [[true, false, 'Phone number'], [false, true, 'E-mail address']]) {
    const person = await Person.arrive(browser, server, {});
    await offer(person.page, { phone_number, email });
    await person.page.getByLabel(wanted).waitFor();
    assert.equal(await person.page.getByRole('button', { name: /^Use / }).count(), 0);
    assert.deepEqual(person.faults, []);
    await person.leave();
  }
});
