// The frame around everything before one is signed in, and what its forms share.
import { html, signal, useEffect, useRef } from '../../vendor/preact.js';
import { config } from '../session.js';
import { recall, remember } from '../storage.js';
import { emailFault, phoneFault, phoneOf, spacedPhone } from '../text.js';
import { Field, FieldFault } from '../ui/form.js';
import { Mark, Wordmark } from '../ui/icons.js';
import { Sky } from '../ui/sky.js';

export function AuthFrame({ title, lead, children, foot }) {
  const heading = useRef(null);
  useEffect(() => {
    if (!document.activeElement?.matches('input')) heading.current.focus();
  }, []);
  return html`
    <div class="auth">
      <header class="auth__sky">
        <${Sky} />
        <div class="auth__pitch">
          <${Wordmark} size=${44} />
          <p class="auth__line">A quiet place to talk with the people you know.</p>
        </div>
        <div class="auth__scene" aria-hidden="true">
          <p class="scene-bubble scene-bubble--in">Look up for a moment</p>
          <p class="scene-bubble scene-bubble--out">What a sky today</p>
          <p class="scene-bubble scene-bubble--in scene-bubble--short">☁️</p>
        </div>
      </header>
      <main class="auth__main">
        <div class="auth__card">
          <h1 class="auth__title" ref=${heading} tabindex="-1">${title}</h1>
          ${lead && html`<p class="auth__lead">${lead}</p>`}
          ${children}
          ${foot && html`<p class="auth__foot">${foot}</p>`}
        </div>
      </main>
    </div>`;
}

export const Splash = ({ children }) => html`
  <main class="splash"><span class="splash__mark"><${Mark} size=${64} /></span>${children}</main>`;

/* What this person uses here; the next form begins with it. */
const prefersEmail = signal(recall('by-email') === '1');

/* The kinds that codes can go to. */
function kindsOffered() {
  const { phone_number: phone = true, email = true } = config.value?.identity ?? {};
  return { phone, email };
}

/* A phone number, or an e-mail address for those who prefer it. */
export function IdentifierField({ form, autoFocus, emailHint }) {
  const kinds = kindsOffered();
  const byEmail = kinds.email && (prefersEmail.value || !kinds.phone);
  const ref = useRef(null);
  const swap = () => {
    prefersEmail.value = !byEmail;
    remember('by-email', byEmail ? null : '1');
    requestAnimationFrame(() => ref.current.querySelector('input').focus());
  };
  useEffect(() => {
    if (autoFocus) ref.current.querySelector('input').focus();
  }, []);

  const field = byEmail
    ? html`<${Field} key="email" label="E-mail address" name="email" type="email" inputmode="email"
        autocomplete="username" placeholder="ada@example.org" fault=${form.faultOf('email')} hint=${emailHint} />`
    : html`<${Field} key="phone" label="Phone number" name="phone_number" type="tel" inputmode="tel"
        autocomplete="username" placeholder="+49 151 23456789" fault=${form.faultOf('phone_number')}
        hint="With + and your country code." />`;
  return html`
    <div class="identifier" ref=${ref}>
      ${field}
      ${kinds.phone && kinds.email && html`
        <button type="button" class="link identifier__swap" onClick=${swap}>
          ${byEmail ? 'Use a phone number' : 'Use e-mail instead'}
        </button>`}
    </div>`;
}

/* { phone_number } or { email } as the server wants it; throws FieldFault. */
export function identifierOf(fields) {
  if (fields.email !== undefined) {
    const email = fields.email.trim();
    const fault = emailFault(email);
    if (fault) throw new FieldFault('email', fault);
    return { email };
  }
  const phone = phoneOf(fields.phone_number);
  const fault = phoneFault(phone);
  if (fault) throw new FieldFault('phone_number', fault);
  return { phone_number: phone };
}

export const sayIdentifier = ({ phone_number, email }) => email ?? spacedPhone(phone_number);

export function passwordOf(text) {
  const { min = 8, max = 256 } = config.value?.identity?.password ?? {};
  const length = [...text].length;
  if (length < min) throw new FieldFault('password', `Use at least ${min} characters.`);
  if (length > max) throw new FieldFault('password', `Use at most ${max} characters.`);
  return text;
}

export const codeOf = (text) => {
  if (!/^\d{6}$/.test(text)) throw new FieldFault('code', 'Enter the six digits of the code.');
  return text;
};

const codesAreSent = ({ email }) => config.value?.identity?.codes_are_sent?.[email ? 'email' : 'phone_number'];

/* Said where codes go nowhere, so that whoever tries the server out is not left waiting. */
export const CodesAreNotSent = ({ identifier }) => codesAreSent(identifier) === false && html`
  <p class="note">This server does not send codes ${identifier.email ? 'by e-mail' : 'by SMS'} yet. It shows them
    in its terminal and keeps them in <code>outbox.jsonl</code>.</p>`;

/* Said while one waits for a letter. */
export const JunkHint = ({ identifier }) => identifier.email && codesAreSent(identifier) && html`
  <p class="aside">It can take a minute. Look among the junk, too.</p>`;
