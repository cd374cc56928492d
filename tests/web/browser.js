// Chromium, and a person in front of it: a page that notes whatever goes wrong in it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const SHOTS = fileURLToPath(new URL('../../build/screenshots/', import.meta.url));
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const SIZES = { phone: { width: 375, height: 812 }, desktop: { width: 1280, height: 800 } };

export function openBrowser() {
  mkdirSync(SHOTS, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
}

export class Person {
  /* options: size, scheme */
  static async arrive(browser, server, { size = 'desktop', scheme = 'light', viewport = SIZES[size] } = {}) {
    const person = new Person();
    person.server = server;
    person.label = `${size}-${scheme}`;
    person.faults = [];
    person.context = await browser.newContext({
      viewport, colorScheme: scheme, hasTouch: size === 'phone', locale: 'en-GB', reducedMotion: 'reduce',
    });
    person.page = await person.context.newPage();
    person.page.setDefaultTimeout(10_000);
    await person.#watch();
    await person.page.goto(server.origin);
    return person;
  }

  /* A refused request shows as a console error of the network: `expected` says which ones may. */
  async #watch() {
    this.expected = [];
    await this.context.exposeFunction('noteViolation', (text) => this.faults.push(`CSP: ${text}`));
    await this.page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        window.noteViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    this.page.on('pageerror', (error) => this.faults.push(`error: ${error.stack ?? error}`));
    this.page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      const text = `${message.text()} ${message.location().url}`;
      if (!this.expected.some((pattern) => pattern.test(text))) this.faults.push(`console: ${text}`);
    });
  }

  go(hash) {
    return this.page.evaluate((to) => { location.hash = to; }, hash);
  }

  /* What was moving has come to rest. */
  settle() {
    return this.page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
  }

  async shoot(name) {
    await this.page.screenshot({ path: `${SHOTS}${this.label}-${name}.png` });
  }

  /* What axe finds against WCAG 2.1 A and AA, contrast included; one line each. */
  async violations() {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    }));
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`));
  }

  leave() {
    return this.context.close();
  }
}

export const shotPath = (name) => `${SHOTS}${name}`;
