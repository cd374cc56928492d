// "Send it again", with the seconds that are left until that is allowed.
import { html, useEffect, useState } from '../../vendor/preact.js';
import { Fault } from '../ui/form.js';
import { toast } from '../ui/toast.js';

const secondsUntil = (ms) => Math.max(0, Math.ceil((ms - Date.now()) / 1000));

export function Resend({ atMs, onResend }) {
  const [left, setLeft] = useState(() => secondsUntil(atMs));
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');

  useEffect(() => {
    setLeft(secondsUntil(atMs));
    const timer = setInterval(() => setLeft(secondsUntil(atMs)), 500);
    return () => clearInterval(timer);
  }, [atMs]);

  async function resend() {
    if (busy) return;
    setBusy(true);
    setFault('');
    try {
      await onResend();
      toast('A new code is on its way.');
    } catch (error) {
      setFault(error.message);
    } finally {
      setBusy(false);
    }
  }
  return html`
    <div class="resend">
      <${Fault} text=${fault} />
      ${left > 0
        ? html`<p class="resend__wait">You can ask for a new code in ${left} s</p>`
        : html`<button type="button" class="link" onClick=${resend}>Send a new code</button>`}
    </div>`;
}
