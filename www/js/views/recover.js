// Recovery in two steps: who are you, then the code together with a new password.
import { html, useEffect } from '../../vendor/preact.js';
import { post } from '../api.js';
import { flow, keepFlow, resendAt } from '../flow.js';
import { go, href, replace } from '../router.js';
import { CodeField } from '../ui/code-field.js';
import { Button, Form, PasswordField, Username, useForm } from '../ui/form.js';
import { toast } from '../ui/toast.js';
import {
  AuthFrame, CodesAreNotSent, IdentifierField, JunkHint, codeOf, identifierOf, passwordOf, sayIdentifier,
} from './auth.js';
import { signInOrChallenge } from './challenge.js';
import { atCode } from './confirm.js';
import { Resend } from './resend.js';

async function askForCode(identifier) {
  const answer = await post('/auth/forgot-password', identifier, { public: true });
  keepFlow({
    kind: 'reset', id: answer.id, identifier, to: sayIdentifier(identifier),
    resendAtMs: resendAt(answer.resend_after_s),
  });
}

export function Forgot() {
  const form = useForm(async (fields) => {
    await askForCode(identifierOf(fields));
    go('reset');
  });
  return html`
    <${AuthFrame} title="Forgot your password?" lead="Tell us who you are. We send you a code, and you choose a new one."
      foot=${html`Remembered it? <a href=${href('sign-in')}>Sign in</a>`}>
      <${Form} of=${form} class="form">
        <${IdentifierField} form=${form} autoFocus />
        <${Button} busy=${form.busy}>Send me a code<//>
      <//>
    <//>`;
}

export function Reset() {
  const step = flow.value?.kind === 'reset' ? flow.value : null;
  useEffect(() => {
    if (!step) replace('forgot');
  }, []);

  const form = useForm(async (fields) => {
    const code = codeOf(fields.code);
    const password = passwordOf(fields.password);
    await post('/auth/reset-password', { id: step.id, code, password }, { public: true })
      .catch((error) => { throw atCode(error); });
    keepFlow(null);
    replace('sign-in');
    await signInOrChallenge(step.identifier, password);
    toast('Your password is changed. All other devices are signed out.');
  });

  if (!step) return null;
  return html`
    <${AuthFrame} title="Choose a new password"
      lead=${html`If <strong>${step.to}</strong> has an account, six digits are on their way to it.`}
      foot=${html`<a href=${href('sign-in')}>Back to sign in</a>`}>
      <${CodesAreNotSent} identifier=${step.identifier} />
      <${Form} of=${form} class="form">
        <${Username} value=${step.identifier.phone_number ?? step.identifier.email} />
        <${CodeField} fault=${form.faultOf('code')} />
        <${PasswordField} label="New password" name="password" autocomplete="new-password"
          fault=${form.faultOf('password')} hint="All your devices will be signed out." />
        <${Button} busy=${form.busy}>Change password<//>
      <//>
      <${JunkHint} identifier=${step.identifier} />
      <${Resend} atMs=${step.resendAtMs} onResend=${() => askForCode(step.identifier)} />
    <//>`;
}
