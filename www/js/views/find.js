// Finding a person by number. Who is not here and who does not want to be found look alike.
import { html, useEffect, useRef, useState } from '../../vendor/preact.js';
import { post } from '../api.js';
import { replace } from '../router.js';
import { me } from '../session.js';
import { startRoom } from '../store.js';
import { kick } from '../sync.js';
import { phoneFault, phoneOf, spacedPhone } from '../text.js';
import { Avatar } from '../ui/avatar.js';
import { Button, Fault, Field, FieldFault, Form, useForm } from '../ui/form.js';
import { Pane } from './pane.js';

async function find(typed) {
  const phone = phoneOf(typed);
  const fault = phoneFault(phone);
  if (fault) throw new FieldFault('phone_number', fault);
  if (phone === me.value.phone_number) throw new FieldFault('phone_number', 'That is your own number.');
  const { items } = await post('/contacts/discover', { phone_numbers: [phone] });
  return { phone, user: items[0]?.user ?? null };
}

const Nobody = ({ phone }) => html`
  <div class="empty empty--left" role="status">
    <h2 class="empty__title">Nobody found</h2>
    <p><strong>${spacedPhone(phone)}</strong> is not here, or prefers not to be found by number. Check the digits,
      or invite them to join.</p>
  </div>`;

function Found({ phone, user }) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const button = useRef(null);
  useEffect(() => button.current.querySelector('button').focus(), [user.id]);

  async function start() {
    if (busy) return;
    setBusy(true);
    try {
      const room = await startRoom(user.id);
      replace('rooms', room.id);
      kick();
    } catch (error) {
      setFault(error.message);
      setBusy(false);
    }
  }
  return html`
    <div class="found" ref=${button} role="group" aria-label=${`Found ${user.name}`}>
      <${Avatar} user=${user} size="l" />
      <p class="found__name"><bdi>${user.name}</bdi></p>
      <p class="found__phone">${spacedPhone(phone)}</p>
      <${Fault} text=${fault} />
      <${Button} type="button" busy=${busy} onClick=${start}>Start the conversation<//>
    </div>`;
}

export function Find() {
  const [result, setResult] = useState(null);
  const field = useRef(null);
  const form = useForm(async (fields) => {
    setResult(null);
    setResult(await find(fields.phone_number));
  });
  useEffect(() => field.current.querySelector('input').focus(), []);
  return html`
    <${Pane} title="New conversation">
      <${Form} of=${form} class="form form--pane" role="search">
        <div ref=${field}>
          <${Field} label="Phone number" name="phone_number" type="tel" inputmode="tel" autocomplete="off"
            placeholder="+49 151 23456789" enterkeyhint="search" fault=${form.faultOf('phone_number')}
            hint="The number they signed up with, including + and the country code." />
        </div>
        <${Button} busy=${form.busy} kind=${result?.user ? 'quiet' : 'primary'}>Find<//>
      <//>
      ${result && (result.user ? html`<${Found} ...${result} />` : html`<${Nobody} phone=${result.phone} />`)}
    <//>`;
}
