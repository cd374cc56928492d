import { html, useEffect } from '../../vendor/preact.js';
import { post } from '../api.js';
import { flow, heldPassword, keepFlow, resendAt } from '../flow.js';
import { href, replace } from '../router.js';
import { CodeField } from '../ui/code-field.js';
import { Button, FieldFault, Form, useForm } from '../ui/form.js';
import { toast } from '../ui/toast.js';
import { AuthFrame, CodesAreNotSent, JunkHint, codeOf } from './auth.js';
import { signInOrChallenge } from './challenge.js';
import { Resend } from './resend.js';

/* The wrong code is said at the code's own field, where the next try will be typed. */
export function atCode(error) {
  return error.code === 'wrong_code' ? new FieldFault('code', error.message) : error;
}

export function Confirm() {
  const step = flow.value?.kind === 'sign-up' ? flow.value : null;
  useEffect(() => {
    if (!step) replace('sign-up');
  }, []);

  const form = useForm(async (fields) => {
    const code = codeOf(fields.code);
    await post('/auth/account-confirmation', { id: step.id, code }, { public: true })
      .catch((error) => { throw atCode(error); });
    const password = heldPassword();
    keepFlow(null);
    replace(password ? '' : 'sign-in');
    if (password) await signInOrChallenge(step.identifier, password);
    else toast('Your account is ready. Sign in to begin.');
  });

  async function resend() {
    const answer = await post('/auth/account-confirmation/resend', { id: step.id }, { public: true });
    keepFlow({ ...step, resendAtMs: resendAt(answer.resend_after_s) }, heldPassword());
  }

  if (!step) return null;
  return html`
    <${AuthFrame} title="Enter your code" lead=${html`We sent six digits to <strong>${step.to}</strong>.`}
      foot=${html`Wrong ${step.identifier.email ? 'address' : 'number'}? <a href=${href('sign-up')}>Start again</a>`}>
      <${CodesAreNotSent} identifier=${step.identifier} />
      <${Form} of=${form} class="form">
        <${CodeField} fault=${form.faultOf('code')} onFull=${form.onSubmit} />
        <${Button} busy=${form.busy}>Confirm<//>
      <//>
      <${JunkHint} identifier=${step.identifier} />
      <${Resend} atMs=${step.resendAtMs} onResend=${resend} />
    <//>`;
}
