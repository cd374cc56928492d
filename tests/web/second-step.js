// The page before a user pool that asks for a second step: run by tests/aws/test_page.py, which has
// such a pool and says who signs in, as JSON: { origin, number, password, right, wrong }.
import assert from 'node:assert/strict';
import { Person, openBrowser } from './browser.js';
import { pasteCode } from './steps.js';

const ada = JSON.parse(process.argv[2]);
const browser = await openBrowser();

async function withPassword(fn) {
  const person = await Person.arrive(browser, { origin: ada.origin });
  const { page } = person;
  person.expected.push(/401.*sign-in\/challenge/);
  await page.getByLabel('Phone number').fill(ada.number);
  await page.getByLabel('Password', { exact: true }).fill(ada.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Enter the code of your app' }).waitFor();
  await fn(page);
  assert.deepEqual(person.faults, []);
  await person.leave();
}

const inside = (page) => page.getByRole('navigation', { name: 'Conversations' }).waitFor();

try {
  await withPassword(async (page) => {
    await pasteCode(page, ada.right);
    await inside(page);
    await page.reload();
    await inside(page);
  });
  await withPassword(async (page) => {
    await pasteCode(page, ada.wrong);
    await page.getByText('That code is not right').waitFor();
  });
} finally {
  await browser.close();
}
