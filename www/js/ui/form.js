// The parts of a form: fields that say what is wrong beside them, and one way to submit.
import { html, useEffect, useId, useRef, useState } from '../../vendor/preact.js';
import { ApiError } from '../api.js';
import { AlertIcon, EyeIcon, EyeOffIcon } from './icons.js';

/* Thrown by a form's action for what it can tell without asking the server. */
export class FieldFault extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

const NONE = { fields: new Map(), form: '' };

function faultsOf(error) {
  if (error instanceof FieldFault) return { ...NONE, fields: new Map([[error.field, error.message]]) };
  if (!(error instanceof ApiError)) throw error;
  return { fields: error.fields, form: error.fields.size ? '' : error.message };
}

/* action(the form's fields as an object) may be async; a second submit meanwhile is ignored. */
export function useForm(action) {
  const [busy, setBusy] = useState(false);
  const [faults, setFaults] = useState(NONE);
  const form = useRef(null);
  const running = useRef(false);

  useEffect(() => {
    if (faults !== NONE) form.current?.querySelector('[aria-invalid=true]')?.focus();
  }, [faults]);

  async function onSubmit(event) {
    event?.preventDefault();
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setFaults(NONE);
    try {
      await action(Object.fromEntries(new FormData(form.current)));
    } catch (error) {
      setFaults(faultsOf(error));
    } finally {
      running.current = false;
      setBusy(false);
    }
  }
  return { busy, fault: faults.form, faultOf: (name) => faults.fields.get(name) ?? '', onSubmit, form };
}

/* noValidate: the browser's own bubbles are neither in our words nor read out everywhere. */
export const Form = ({ of, children, ...rest }) => html`
  <form ref=${of.form} onSubmit=${of.onSubmit} noValidate aria-busy=${of.busy} ...${rest}>
    <${Fault} text=${of.fault} />
    ${children}
  </form>`;

export const Fault = ({ text }) => html`
  <div class="fault-slot" role="alert">
    ${text && html`<p class="fault"><${AlertIcon} /><span>${text}</span></p>`}
  </div>`;

export function Field({ label, name, hint, fault, trailing, ...input }) {
  const id = useId();
  const describedBy = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return html`
    <div class=${`field ${fault ? 'field--wrong' : ''}`}>
      <label class="field__label" for=${id}>${label}</label>
      <div class="field__box">
        <input class="field__input" id=${id} name=${name} aria-invalid=${fault ? 'true' : 'false'}
          aria-describedby=${describedBy || undefined} ...${input} />
        ${trailing}
      </div>
      ${fault && html`<p class="field__fault" id=${`${id}-fault`}>${fault}</p>`}
      ${hint && html`<p class="field__hint" id=${`${id}-hint`}>${hint}</p>`}
    </div>`;
}

export function PasswordField(props) {
  const [shown, setShown] = useState(false);
  const toggle = html`
    <button type="button" class="icon-button field__toggle" aria-pressed=${shown ? 'true' : 'false'}
      aria-label="Show password" onClick=${() => setShown(!shown)}>
      <${shown ? EyeOffIcon : EyeIcon} />
    </button>`;
  return html`<${Field} ...${props} type=${shown ? 'text' : 'password'} trailing=${toggle}
    autocapitalize="off" spellcheck=${false} />`;
}

/* For password managers: whose password it is. */
export const Username = ({ value }) => html`
  <input class="hidden" type="text" name="username" autocomplete="username" value=${value} readOnly
    tabindex="-1" aria-hidden="true" />`;

export const Button = ({ busy, kind = 'primary', type = 'submit', children, ...rest }) => html`
  <button type=${type} class=${`button button--${kind} ${busy ? 'button--busy' : ''}`}
    aria-disabled=${busy ? 'true' : undefined} ...${rest}>
    <span class="button__label">${children}</span>
    ${busy && html`<span class="spinner" aria-hidden="true"></span>`}
  </button>`;
