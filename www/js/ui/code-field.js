// Six digits. One real input lies over six drawn boxes, so that paste, autofill from a message,
// screen readers and every keyboard work as with any other field.
import { html, useEffect, useId, useRef, useState } from '../../vendor/preact.js';

const CODE_DIGITS = 6;

/* onFull() is called each time that the last digit has come. */
export function CodeField({ fault, onFull, label = 'Code' }) {
  const id = useId();
  const input = useRef(null);
  const [code, setCode] = useState('');
  const [focused, setFocused] = useState(false);

  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    if (fault) input.current?.select();
  }, [fault]);

  function onInput(event) {
    const digits = event.target.value.replace(/\D/g, '').slice(0, CODE_DIGITS);
    event.target.value = digits;
    setCode(digits);
    if (onFull && digits.length === CODE_DIGITS && digits !== code) queueMicrotask(onFull);
  }

  const boxes = Array.from({ length: CODE_DIGITS }, (_, i) => {
    const active = focused && i === Math.min(code.length, CODE_DIGITS - 1);
    return html`<span class=${`code__box ${active ? 'code__box--active' : ''}`}>${code[i] ?? ''}</span>`;
  });

  return html`
    <div class=${`field ${fault ? 'field--wrong' : ''}`}>
      <label class="field__label" for=${id}>${label}</label>
      <div class="code">
        <div class="code__boxes" aria-hidden="true">${boxes}</div>
        <input class="code__input" id=${id} ref=${input} name="code" inputmode="numeric"
          autocomplete="one-time-code" maxlength="12" aria-invalid=${fault ? 'true' : 'false'}
          aria-describedby=${fault ? `${id}-fault` : undefined} onInput=${onInput}
          onFocus=${() => setFocused(true)} onBlur=${() => setFocused(false)} />
      </div>
      ${fault && html`<p class="field__fault" id=${`${id}-fault`}>${fault}</p>`}
    </div>`;
}
