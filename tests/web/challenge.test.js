// A sign-in that asks for more than the password. SQLite's accounts have no second step: the page
// is told of one here, and what it answers is let through or refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, openBrowser } from './browser.js';
import { Server } from './server.js';
import { pasteCode } from './steps.js';

const RIGHT = '314159';
let server;
let browser;
let ada;

before(async () => {
  server = await Server.start();
  browser = await openBrowser();
  ada = await server.person('Ada Lovelace', '+4915123450001');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const json = (status, body) => ({
  status, contentType: status < 400 ? 'application/json' : 'application/problem+json', body: JSON.stringify(body),
});

/* Stands between the page and the server: each set of methods is one challenge after another. Gives
   the answers that the page has sent. */
async function challenges(page, ...sets) {
  const answers = [];
  let asked = null;
  const next = (route) => {
    if (sets.length === 0) return route.fetch({ url: `${server.origin}/auth/sign-in`, postData: asked })
      .then((response) => route.fulfill({ response }));
    const challenge = { id: `challenge-${sets.length}`, methods: sets.shift() };
    return route.fulfill(json(200, { challenge }));
  };
  await page.route('**/auth/sign-in', (route) => {
    asked = route.request().postData();
    return next(route);
  });
  await page.route('**/auth/sign-in/challenge', (route) => {
    const answer = route.request().postDataJSON();
    answers.push(answer);
    return answer.code === RIGHT ? next(route) : route.fulfill(json(401, { status: 401, code: 'wrong_code' }));
  });
  return answers;
}

async function enterPassword({ page }) {
  await page.getByLabel('Phone number').fill(ada.number);
  await page.getByLabel('Password', { exact: true }).fill(ada.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const title = ({ page }, name) => page.getByRole('heading', { name }).waitFor();
const inside = ({ page }) => page.getByRole('navigation', { name: 'Conversations' }).waitFor();

async function withChallenge(options, sets, fn) {
  const person = await Person.arrive(browser, server, options);
  person.expected.push(/401.*sign-in\/challenge/);
  try {
    const answers = await challenges(person.page, ...sets);
    await enterPassword(person);
    await fn(person, answers);
    assert.deepEqual(person.faults, []);
  } catch (error) {
    await person.shoot('failed').catch(() => {});
    throw error;
  } finally {
    await person.leave();
  }
}

for (const size of ['phone', 'desktop']) {
  for (const scheme of ['light', 'dark']) {
    test(`the code of an app lets in, and a wrong one is said at its field (${size}, ${scheme})`, async () => {
      await withChallenge({ size, scheme }, [['totp', 'recovery_code']], async (person, answers) => {
        await title(person, 'Enter the code of your app');
        await person.settle();
        assert.deepEqual(await person.violations(), []);
        await person.shoot('view-challenge');
        await pasteCode(person.page, '000000');
        await person.page.getByText('That code is not right, or it came too late.').waitFor();
        assert.deepEqual(await person.violations(), []);
        await person.shoot('view-challenge-wrong');
        await pasteCode(person.page, RIGHT);
        await inside(person);
        assert.deepEqual(answers.at(-1), { challenge_id: 'challenge-1', method: 'totp', code: RIGHT, cookie: true });
        await person.page.reload();
        await inside(person);
      });
    });
  }
}

test('another way can be chosen, and takes what was said of the first with it', async () => {
  await withChallenge({ size: 'phone' }, [['totp', 'sms', 'recovery_code']], async (person, answers) => {
    const { page } = person;
    await pasteCode(page, '000000');
    await page.getByText('That code is not right').waitFor();
    await page.getByRole('button', { name: 'Use a recovery code' }).click();
    await title(person, 'Enter a recovery code');
    assert.equal(await page.getByText('That code is not right').count(), 0);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('Enter one of your recovery codes.').waitFor();
    await person.settle();
    assert.deepEqual(await person.violations(), []);
    await person.shoot('view-challenge-recovery');
    await page.getByRole('button', { name: 'Use the code of a message' }).click();
    await title(person, 'Enter the code we sent');
    await pasteCode(page, RIGHT);
    await inside(person);
    assert.deepEqual(answers.map(({ method }) => method), ['totp', 'sms']);
  });
});

test('one challenge may follow another, and a reload keeps the place', async () => {
  await withChallenge({}, [['sms'], ['totp']], async (person, answers) => {
    const { page } = person;
    await title(person, 'Enter the code we sent');
    await page.reload();
    await title(person, 'Enter the code we sent');
    await pasteCode(page, RIGHT);
    await title(person, 'Enter the code of your app');
    assert.equal(await page.getByLabel('Code').inputValue(), '');
    await pasteCode(page, RIGHT);
    await inside(person);
    assert.deepEqual(answers.map(({ challenge_id: id }) => id), ['challenge-2', 'challenge-1']);
  });
});

test('a second step that the page does not know is said, and leads back', async () => {
  await withChallenge({}, [['webauthn']], async (person) => {
    await title(person, 'One more step');
    await person.page.getByRole('link', { name: 'Sign in again' }).click();
    await title(person, 'Welcome back');
  });
});

test('nobody comes to the code without a challenge', async () => {
  const person = await Person.arrive(browser, server, {});
  await person.go('#/challenge');
  await title(person, 'Welcome back');
  await person.leave();
});
