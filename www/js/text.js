// What is read out of text, and what is made of it. Nothing here touches the document.
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

const firstGrapheme = (text) => [...graphemes.segment(text)][0]?.segment ?? '';

/* "Ada Lovelace" -> "AL", "上海" -> "上", "" -> "?" */
export function initials(name) {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return '?';
  const first = firstGrapheme(words[0]);
  const last = words.length > 1 ? firstGrapheme(words.at(-1)) : '';
  return (first + (/^\p{L}/u.test(last) ? last : '')).toLocaleUpperCase();
}

/* FNV-1a: the same person has the same colour on every device. */
export function hueOf(id, hues = 8) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % hues;
}

/* What people type, as E.164 wants it: "+49 (151) 234-567" and "0049151234567" alike. */
export function phoneOf(typed) {
  const bare = typed.trim().replace(/[\s().\-\u2010-\u2015/]/gu, '');
  return bare.startsWith('00') ? `+${bare.slice(2)}` : bare;
}

/* What is wrong with a number, in words; '' if nothing is. */
export function phoneFault(phone) {
  if (phone === '') return 'Enter a phone number.';
  if (!phone.startsWith('+')) {
    return 'Start with + and the country code, like +49 for Germany or +1 for the US.';
  }
  if (!/^\+\d+$/.test(phone)) return 'Use digits only after the +.';
  if (phone[1] === '0') return 'A country code never begins with 0.';
  if (phone.length < 8) return 'That number is too short.';
  if (phone.length > 16) return 'That number is too long.';
  return '';
}

export const emailFault = (email) =>
  (/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(email) ? '' : 'Enter an address like ada@example.org.');

/* +4915123456789 -> "+49 151 2345 6789": groups that the eye can hold, no claim to be official. */
export function spacedPhone(phone) {
  const digits = /^\+(\d{7,15})$/.exec(phone)?.[1];
  if (!digits) return phone;
  const code = /^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})/.exec(digits)[0];
  const rest = digits.slice(code.length);
  if (code === '1' && rest.length === 10) return `+1 ${rest.slice(0, 3)} ${rest.slice(3, 6)} ${rest.slice(6)}`;
  const groups = [rest.slice(0, 3), ...(rest.slice(3).match(/.{1,4}/g) ?? [])];
  if (groups.length > 2 && groups.at(-1).length < 3) groups.push(groups.splice(-2).join(''));
  return `+${code} ${groups.join(' ')}`;
}

/* Up to three emoji and nothing else: shown large, without a bubble. */
export function isJumbo(text) {
  const parts = [...graphemes.segment(text.replace(/\s/gu, ''))].map(({ segment }) => segment);
  return parts.length > 0 && parts.length <= 3
    && parts.every((part) => /^(\p{Extended_Pictographic}|\p{RI}{2})/u.test(part));
}

/* Splits text into strings and { link } parts; closing punctuation belongs to the sentence. */
export function linkParts(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"]+/giu)) {
    let link = match[0].replace(/[.,:;!?'"…]+$/u, '');
    while (link.endsWith(')') && !link.includes('(')) link = link.slice(0, -1);
    if (!URL.canParse?.(link) && URL.canParse) continue;
    if (match.index > done) parts.push(text.slice(done, match.index));
    parts.push({ link });
    done = match.index + link.length;
  }
  if (done < text.length) parts.push(text.slice(done));
  return parts;
}

export const oneLine = (text) => text.replace(/\s+/gu, ' ').trim();
export const characters = (text) => [...text].length;
