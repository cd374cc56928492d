// A modal dialog: the browser's own, which holds the focus, closes on Escape and gives it back.
import { html, useEffect, useId, useRef } from '../../vendor/preact.js';
import { CloseIcon } from './icons.js';

/* Focus begins at the element marked data-first, else where the browser puts it. */
export function Dialog({ title, onClose, children }) {
  const ref = useRef(null);
  const id = useId();

  useEffect(() => {
    ref.current.showModal();
    ref.current.querySelector('[data-first]')?.focus();
  }, []);

  const closeOutside = (event) => {
    if (event.target === ref.current) ref.current.close();
  };

  return html`
    <dialog class="dialog" ref=${ref} aria-labelledby=${id} onClose=${onClose} onClick=${closeOutside}>
      <div class="dialog__body">
        <header class="dialog__head">
          <h2 id=${id}>${title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick=${() => ref.current.close()}>
            <${CloseIcon} />
          </button>
        </header>
        ${children}
      </div>
    </dialog>`;
}
