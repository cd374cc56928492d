import { html } from '../../vendor/preact.js';
import { href, replace, route } from '../router.js';
import { Button, FieldFault, Form, PasswordField, useForm } from '../ui/form.js';
import { AuthFrame, IdentifierField, identifierOf } from './auth.js';
import { signInOrChallenge } from './challenge.js';

export function SignIn() {
  const form = useForm(async (fields) => {
    const identifier = identifierOf(fields);
    if (!fields.password) throw new FieldFault('password', 'Enter your password.');
    const isIn = await signInOrChallenge(identifier, fields.password);
    if (isIn && route.value.parts[0] === 'sign-in') replace();
  });
  return html`
    <${AuthFrame} title="Welcome back" lead="Sign in to go on where you left off."
      foot=${html`New here? <a href=${href('sign-up')}>Create an account</a>`}>
      <${Form} of=${form} class="form">
        <${IdentifierField} form=${form} autoFocus />
        <${PasswordField} label="Password" name="password" autocomplete="current-password"
          fault=${form.faultOf('password')} />
        <${Button} busy=${form.busy}>Sign in<//>
        <a class="link form__aside" href=${href('forgot')}>Forgot your password?</a>
      <//>
    <//>`;
}
