import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  emailFault, hueOf, initials, isJumbo, linkParts, phoneFault, phoneOf, spacedPhone,
} from '../../../www/js/text.js';

test('initials are the first letters of the first and the last name', () => {
  assert.equal(initials('Ada Lovelace'), 'AL');
  assert.equal(initials('  Ursula  K. Le Guin '), 'UG');
  assert.equal(initials('émilie'), 'É');
  assert.equal(initials('上海 小明'), '上小');
  assert.equal(initials('Ada (work)'), 'A');
  assert.equal(initials('👩‍🚀 Sally'), '👩‍🚀S');
  assert.equal(initials(' '), '?');
});

test('the colour of an id is always the same, and in range', () => {
  const hues = new Set(Array.from({ length: 200 }, (_, i) => hueOf(`user-${i}`)));
  assert.deepEqual([...hues].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(hueOf('user-1'), hueOf('user-1'));
});

test('a number is understood however it is spaced', () => {
  for (const typed of ['+4915123456789', '+49 151 23456789', '0049 (151) 234-567-89', ' +49.151/23456789 ']) {
    assert.equal(phoneOf(typed), '+4915123456789');
    assert.equal(phoneFault(phoneOf(typed)), '');
  }
});

test('a number that is none is refused with the reason', () => {
  const cases = {
    '': /Enter/, '0151 23456789': /Start with \+/, '+49 151 x': /digits/, '+0151234567': /never begins/,
    '+12345': /short/, '+1234567890123456': /long/,
  };
  for (const [typed, reason] of Object.entries(cases)) assert.match(phoneFault(phoneOf(typed)), reason, typed);
});

test('a number is shown in groups, and every digit once', () => {
  assert.equal(spacedPhone('+12025550100'), '+1 202 555 0100');
  assert.equal(spacedPhone('+491512345678'), '+49 151 2345 678');
  assert.equal(spacedPhone('+35312345678'), '+353 123 45678');
  for (const phone of ['+1234567', '+442079460000', '+123456789012345', '+8613800000000']) {
    assert.equal(spacedPhone(phone).replaceAll(' ', ''), phone);
  }
  assert.equal(spacedPhone('not a number'), 'not a number');
});

test('an e-mail address has one @ and a domain with a dot', () => {
  for (const good of ['ada@example.org', 'a+b@mail.example.co.uk']) assert.equal(emailFault(good), '');
  for (const bad of ['', 'ada', 'ada@', 'ada@example', '@example.org', 'a b@example.org', 'a@b@c.de', 'a@b..c']) {
    assert.notEqual(emailFault(bad), '', bad);
  }
});

test('up to three emoji and nothing else are large', () => {
  for (const large of ['😀', '👩‍🚀🌍', '🇩🇪', '❤️ 🎉']) assert.ok(isJumbo(large), large);
  for (const plain of ['', '7', '#', 'a😀', '😀😀😀😀', 'ok']) assert.ok(!isJumbo(plain), plain);
});

test('links are found, and the sentence keeps its punctuation', () => {
  assert.deepEqual(linkParts('see https://example.org/a?b=c.'), ['see ', { link: 'https://example.org/a?b=c' }, '.']);
  assert.deepEqual(linkParts('(https://example.org/x)'), ['(', { link: 'https://example.org/x' }, ')']);
  assert.deepEqual(linkParts('https://en.example.org/wiki/C_(language)'), [{ link: 'https://en.example.org/wiki/C_(language)' }]);
  assert.deepEqual(linkParts('no link'), ['no link']);
});

test('nothing but http and https becomes a link', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://example.org', 'xhttps://example.org']) {
    assert.deepEqual(linkParts(text), [text]);
  }
});
