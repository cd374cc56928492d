import { html, useEffect, useRef } from '../../vendor/preact.js';
import { post } from '../api.js';
import { replace } from '../router.js';
import { me } from '../session.js';
import { Button, FieldFault, Form, PasswordField, Username, useForm } from '../ui/form.js';
import { toast } from '../ui/toast.js';
import { passwordOf } from './auth.js';
import { Pane } from './pane.js';

export function ChangePassword() {
  const first = useRef(null);
  const form = useForm(async (fields) => {
    if (!fields.old_password) throw new FieldFault('old_password', 'Enter your present password.');
    const password = passwordOf(fields.password);
    await post('/auth/change-password', { old_password: fields.old_password, password }).catch((error) => {
      if (error.code !== 'wrong_credentials') throw error;
      throw new FieldFault('old_password', 'That is not your present password.');
    });
    toast('Your password is changed. Other devices are signed out.');
    replace('settings');
  });
  useEffect(() => first.current.querySelector('input').focus(), []);
  return html`
    <${Pane} title="Change password" up=${['settings']}>
      <${Form} of=${form} class="form form--pane">
        <${Username} value=${me.value.phone_number ?? me.value.email} />
        <div ref=${first}>
          <${PasswordField} label="Present password" name="old_password" autocomplete="current-password"
            fault=${form.faultOf('old_password')} />
        </div>
        <${PasswordField} label="New password" name="password" autocomplete="new-password"
          fault=${form.faultOf('password')} hint="Your other devices will be signed out." />
        <${Button} busy=${form.busy}>Change password<//>
      <//>
    <//>`;
}
