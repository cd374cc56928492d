// What a person does on the page, step by step, as a person would: by what stands on it.
import assert from 'node:assert/strict';
import { until } from './server.js';

export async function signUp(person, { name, number, password }) {
  const { page, server } = person;
  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Phone number').fill(number);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Enter your code' }).waitFor();
  await pasteCode(page, await server.codeTo(number));
  await page.getByRole('heading', { name: 'It is quiet here' }).waitFor();
}

/* With spaces, as it comes out of a message. */
export async function pasteCode(page, code) {
  await page.getByLabel('Code').focus();
  await page.keyboard.insertText(`${code.slice(0, 3)} ${code.slice(3)}`);
}

export async function signIn({ page }, { number, password }) {
  await page.getByLabel('Phone number').fill(number);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('navigation', { name: 'Conversations' }).waitFor();
}

export async function find({ page }, number, name) {
  await page.getByRole('link', { name: 'New conversation' }).click();
  await page.getByLabel('Phone number').fill(number);
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('group', { name: `Found ${name}` }).waitFor();
}

export async function write({ page }, text) {
  await page.getByPlaceholder('Write a message').fill(text);
  await page.keyboard.press('Enter');
}

export const bubble = ({ page }, text) => page.locator('.bubble', { hasText: text }).last();

/* Not merely in the document: before the person's eyes, with nothing lying over any of its lines. */
export async function assertSeen(person, text) {
  const place = bubble(person, text).locator('.bubble__text');
  await place.waitFor();
  const { width, height } = person.page.viewportSize();
  const seen = async () => {
    const box = await place.boundingBox();
    if (!box || box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height) return false;
    return place.evaluate((element) => {
      const lines = [...element.getClientRects()].filter((line) => line.width > 0); // a line break has no width
      return lines.length > 0 && lines.every(({ x, y, width: w, height: h }) =>
        element.contains(document.elementFromPoint(x + w / 2, y + h / 2)));
    });
  };
  await until(`“${text}” is within the viewport`, 3000, seen);
}

export async function backToList({ page }) {
  const back = page.getByRole('button', { name: 'Back to your conversations' });
  if (await back.isVisible()) await back.click();
  else await page.evaluate(() => { location.hash = '#/'; });
}

export const room = ({ page }, name) => page.locator('.room', { hasText: name });

export async function assertUnread(person, name, count) {
  const badge = room(person, name).locator('.badge');
  if (count === 0) {
    await badge.waitFor({ state: 'detached' });
    return;
  }
  await until(`${count} unread of ${name}`, 10_000, async () =>
    (await badge.count()) > 0 && (await badge.innerText()).startsWith(String(count)));
}

export async function choosePhoto({ page }, photo) {
  await page.getByRole('link', { name: 'Your profile and settings' }).click();
  await page.getByLabel('Photo file').setInputFiles(photo);
  await page.getByRole('dialog', { name: 'Your photo' }).waitFor();
  await page.getByLabel('Zoom').fill('1.4');
  await page.getByRole('button', { name: 'Use this photo' }).click();
  await page.getByText('Your photo is saved.').waitFor();
  await page.getByRole('button', { name: 'Back' }).click();
}

export async function assertPhoto({ page }, name) {
  const image = page.locator('.room', { hasText: name }).locator('.avatar img');
  await image.waitFor();
  await until(`the photo of ${name} is drawn`, 5000, () =>
    image.evaluate((element) => element.complete && element.naturalWidth > 0));
  assert.match(await image.getAttribute('src'), /^blob:/);
}

export async function signOut({ page }) {
  await page.getByRole('link', { name: 'Your profile and settings' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
}

/* Waits for the form itself: the one for signing in has fields of the same names. */
export async function openRecovery(page) {
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
}

export async function recover(person, { number, password }) {
  const { page, server } = person;
  const already = await server.codesTo(number);
  await openRecovery(page);
  await page.getByLabel('Phone number').fill(number);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
  await pasteCode(page, await server.codeTo(number, already));
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('navigation', { name: 'Conversations' }).waitFor();
}
