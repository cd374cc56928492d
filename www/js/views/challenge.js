// What a sign-in asks for besides the password: the code of an authenticator app or of a message.
import { html, useEffect, useRef, useState } from '../../vendor/preact.js';
import { flow, keepFlow } from '../flow.js';
import { go, href, replace, route } from '../router.js';
import { answerChallenge, signIn } from '../session.js';
import { CodeField } from '../ui/code-field.js';
import { Button, Field, FieldFault, Form, useForm } from '../ui/form.js';
import { AuthFrame, codeOf } from './auth.js';

const RECOVERY_CHARACTERS_MAX = 32;

const METHODS = {
  totp: {
    title: 'Enter the code of your app',
    lead: 'Open your authenticator app. It shows six digits for this account.',
    offer: 'Use my authenticator app',
  },
  sms: {
    title: 'Enter the code we sent',
    lead: 'We sent six digits to the phone of this account.',
    offer: 'Use the code of a message',
  },
  recovery_code: {
    title: 'Enter a recovery code',
    lead: 'It is one of those that you wrote down. Each is good once.',
    offer: 'Use a recovery code',
  },
};

function keepChallenge({ id, methods }) {
  keepFlow({ kind: 'challenge', id, methods });
}

/* Signs in; true once the person is in. Otherwise the page now shows what is asked for besides. */
export async function signInOrChallenge(identifier, password) {
  const challenge = await signIn(identifier, password);
  if (!challenge) return true;
  keepChallenge(challenge);
  go('challenge');
  return false;
}

function recoveryCodeOf(text) {
  const code = text.trim();
  if (!code) throw new FieldFault('code', 'Enter one of your recovery codes.');
  return code;
}

/* A code that is wrong and a challenge that is over are told alike. */
function atCode(error) {
  return error.code === 'wrong_code'
    ? new FieldFault('code', 'That code is not right, or it came too late. Try the newest one, or sign in again.')
    : error;
}

function RecoveryField({ fault }) {
  const ref = useRef(null);
  useEffect(() => ref.current.querySelector('input').focus(), []);
  return html`
    <div ref=${ref}>
      <${Field} label="Recovery code" name="code" autocomplete="off" autocapitalize="off"
        spellcheck=${false} maxlength=${RECOVERY_CHARACTERS_MAX} fault=${fault} />
    </div>`;
}

function Answer({ step, method, others, onChoose }) {
  const byDigits = method !== 'recovery_code';
  const form = useForm(async (fields) => {
    const code = byDigits ? codeOf(fields.code) : recoveryCodeOf(fields.code);
    const next = await answerChallenge(step.id, method, code).catch((error) => { throw atCode(error); });
    if (next) {
      keepChallenge(next);
      return;
    }
    keepFlow(null);
    if (route.value.parts[0] === 'challenge') replace();
  });
  return html`
    <${Form} of=${form} class="form">
      ${byDigits
        ? html`<${CodeField} fault=${form.faultOf('code')} onFull=${form.onSubmit} />`
        : html`<${RecoveryField} fault=${form.faultOf('code')} />`}
      <${Button} busy=${form.busy}>Sign in<//>
      ${others.map((other) => html`
        <button type="button" class="link form__aside" key=${other} onClick=${() => onChoose(other)}>
          ${METHODS[other].offer}</button>`)}
    <//>`;
}

export function Challenge() {
  const step = flow.value?.kind === 'challenge' ? flow.value : null;
  const [chosen, choose] = useState(null);
  useEffect(() => {
    if (!step) replace('sign-in');
  }, []);
  if (!step) return null;

  const methods = step.methods.filter((name) => METHODS[name]);
  const method = methods.includes(chosen) ? chosen : methods[0];
  const foot = html`Not you, or no code at hand? <a href=${href('sign-in')}>Sign in again</a>`;
  if (!method) {
    return html`
      <${AuthFrame} title="One more step" foot=${foot}
        lead="This account has a second step that this page does not know." />`;
  }
  return html`
    <${AuthFrame} title=${METHODS[method].title} lead=${METHODS[method].lead} foot=${foot}>
      <${Answer} key=${`${step.id} ${method}`} step=${step} method=${method}
        others=${methods.filter((name) => name !== method)} onChoose=${choose} />
    <//>`;
}
