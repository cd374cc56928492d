import { html, useEffect, useRef } from '../../vendor/preact.js';
import { post } from '../api.js';
import { keepFlow, resendAt } from '../flow.js';
import { go, href } from '../router.js';
import { config } from '../session.js';
import { Button, Field, FieldFault, Form, PasswordField, useForm } from '../ui/form.js';
import { AuthFrame, IdentifierField, identifierOf, passwordOf, sayIdentifier } from './auth.js';

export function SignUp() {
  const first = useRef(null);
  const form = useForm(async (fields) => {
    const name = fields.name.trim();
    if (!name) throw new FieldFault('name', 'Enter the name that others will see.');
    const identifier = identifierOf(fields);
    const password = passwordOf(fields.password);
    const answer = await post('/auth/sign-up', { name, ...identifier, password }, { public: true });
    keepFlow({
      kind: 'sign-up', id: answer.id, identifier, to: sayIdentifier(identifier),
      resendAtMs: resendAt(answer.resend_after_s),
    }, password);
    go('confirm');
  });
  useEffect(() => first.current.querySelector('input').focus(), []);
  return html`
    <${AuthFrame} title="Create your account" lead="It takes a minute: your name, how to reach you, a password."
      foot=${html`Already have one? <a href=${href('sign-in')}>Sign in</a>`}>
      <${Form} of=${form} class="form">
        <div ref=${first}>
          <${Field} label="Your name" name="name" autocomplete="name" maxlength="64"
            placeholder="Ada Lovelace" fault=${form.faultOf('name')} />
        </div>
        <${IdentifierField} form=${form}
          emailHint="People find each other by number. Without one, it is you who starts the conversations." />
        <${PasswordField} label="Password" name="password" autocomplete="new-password"
          fault=${form.faultOf('password')}
          hint=${`At least ${config.value?.identity?.password?.min ?? 8} characters. A short sentence is easy to remember.`} />
        <${Button} busy=${form.busy}>Continue<//>
      <//>
    <//>`;
}
