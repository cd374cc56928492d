// One's own profile and what one may choose.
import { html, useEffect, useRef, useState } from '../../vendor/preact.js';
import { del, get, patch, putBytes } from '../api.js';
import { href } from '../router.js';
import { config, me, signOut } from '../session.js';
import { spacedPhone } from '../text.js';
import { THEMES, chooseTheme, theme } from '../theme.js';
import { Avatar } from '../ui/avatar.js';
import { Button, Fault, Field, FieldFault, Form, useForm } from '../ui/form.js';
import {
  AutoIcon, BinIcon, CameraIcon, DevicesIcon, KeyIcon, LeaveIcon, MoonIcon, NextIcon, SunIcon,
} from '../ui/icons.js';
import { toast } from '../ui/toast.js';
import { Cropper } from './cropper.js';
import { Pane } from './pane.js';

async function readImage(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    throw new Error('That file is not a picture this browser can read.');
  }
}

function Photo() {
  const [image, setImage] = useState(null);
  const [fault, setFault] = useState('');
  const picker = useRef(null);

  async function choose(event) {
    const [file] = event.target.files;
    event.target.value = ''; /* the same file may be chosen again */
    if (!file) return;
    setFault('');
    try {
      setImage(await readImage(file));
    } catch (error) {
      setFault(error.message);
    }
  }
  async function save(blob) {
    me.value = await putBytes('/profile/photo', blob);
    setImage(null);
    toast('Your photo is saved.');
  }
  async function remove() {
    setFault('');
    try {
      await del('/profile/photo');
      me.value = { ...me.value, photo: null };
      toast('Your photo is removed.');
    } catch (error) {
      setFault(error.message);
    }
  }
  return html`
    <div class="own-photo">
      <${Avatar} user=${me.value} size="xl" />
      <div class="own-photo__acts">
        <button type="button" class="chip" onClick=${() => picker.current.click()}>
          <${CameraIcon} />${me.value.photo ? 'Change photo' : 'Add a photo'}</button>
        ${me.value.photo && html`<button type="button" class="chip" onClick=${remove}><${BinIcon} />Remove</button>`}
      </div>
      <input ref=${picker} type="file" accept="image/*" class="hidden" tabindex="-1" aria-label="Photo file" onChange=${choose} />
      <${Fault} text=${fault} />
      ${image && html`<${Cropper} image=${image} onSave=${save} onClose=${() => setImage(null)} />`}
    </div>`;
}

function Name() {
  const [name, setName] = useState(me.value.name);
  const form = useForm(async () => {
    const wanted = name.trim();
    if (!wanted) throw new FieldFault('name', 'Enter the name that others will see.');
    me.value = await patch('/profile', { name: wanted });
    setName(me.value.name);
    toast('Your name is saved.');
  });
  const changed = name.trim() !== me.value.name;
  return html`
    <${Form} of=${form} class="form form--name">
      <${Field} label="Name" name="name" autocomplete="name" maxlength="64" value=${name}
        onInput=${(event) => setName(event.target.value)} fault=${form.faultOf('name')}
        trailing=${changed && html`<${Button} kind="small" busy=${form.busy}>Save<//>`} />
    <//>`;
}

const THEME_FACES = {
  auto: { label: 'System', Icon: AutoIcon }, light: { label: 'Light', Icon: SunIcon }, dark: { label: 'Dark', Icon: MoonIcon },
};

const Appearance = () => html`
  <fieldset class="segments">
    <legend class="card__title">Appearance</legend>
    <div class="segments__row">
      ${THEMES.map((name) => {
        const { label, Icon } = THEME_FACES[name];
        return html`
          <label class="segment">
            <input type="radio" name="theme" value=${name} checked=${theme.value === name} onChange=${() => chooseTheme(name)} />
            <span class="segment__face"><${Icon} />${label}</span>
          </label>`;
      })}
    </div>
  </fieldset>`;

function Discoverable() {
  const [on, setOn] = useState(null);
  const [fault, setFault] = useState('');
  useEffect(() => {
    get('/profile/preferences').then((answer) => setOn(answer.discoverable), (error) => setFault(error.message));
  }, []);
  async function change(event) {
    const wanted = event.target.checked;
    setOn(wanted);
    setFault('');
    try {
      await patch('/profile/preferences', { discoverable: wanted });
    } catch (error) {
      setOn(!wanted);
      setFault(error.message);
    }
  }
  return html`
    <label class="switch">
      <span class="switch__text"><span>Found by number</span>
        <span class="switch__hint">People who know your number can start a conversation.</span></span>
      <input type="checkbox" role="switch" checked=${on === true} disabled=${on === null} onChange=${change} />
      <span class="switch__track" aria-hidden="true"></span>
    </label>
    <${Fault} text=${fault} />`;
}

function SignOutRow() {
  const [fault, setFault] = useState('');
  const leave = () => signOut().catch((error) => setFault(error.message));
  return html`
    <button type="button" class="row row--danger" onClick=${leave}><${LeaveIcon} /><span>Sign out</span></button>
    <${Fault} text=${fault} />`;
}

export function Settings() {
  const { phone_number: phone, email } = me.value;
  return html`
    <${Pane} title="Settings">
      <${Photo} />
      <section class="card" aria-label="Profile">
        <${Name} />
        ${phone && html`<dl class="fact"><dt>Phone number</dt><dd>${spacedPhone(phone)}</dd></dl>`}
        ${email && html`<dl class="fact"><dt>E-mail address</dt><dd>${email}</dd></dl>`}
      </section>
      <section class="card" aria-label="Appearance"><${Appearance} /></section>
      ${phone && html`<section class="card" aria-label="Privacy"><${Discoverable} /></section>`}
      <section class="card card--rows" aria-label="Account">
        <a class="row" href=${href('settings', 'password')}><${KeyIcon} /><span>Change password</span><${NextIcon} /></a>
        <a class="row" href=${href('settings', 'devices')}><${DevicesIcon} /><span>Your devices</span><${NextIcon} /></a>
        <${SignOutRow} />
      </section>
      <p class="colophon">${config.value.name} ${config.value.version}</p>
    <//>`;
}
