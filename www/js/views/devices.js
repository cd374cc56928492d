// Where one is signed in, and the way to end it from here.
import { html, useEffect, useState } from '../../vendor/preact.js';
import { del, get } from '../api.js';
import { signOutEverywhere } from '../session.js';
import { ago } from '../time.js';
import { Dialog } from '../ui/dialog.js';
import { Button, Fault } from '../ui/form.js';
import { DevicesIcon } from '../ui/icons.js';
import { toast } from '../ui/toast.js';
import { Pane } from './pane.js';

function Device({ session, onEnd }) {
  const name = session.device_name || 'Unknown device';
  return html`
    <li class="device">
      <span class="device__icon"><${DevicesIcon} /></span>
      <span class="device__text">
        <span class="device__name">${name}</span>
        <span class="device__seen">${session.current ? 'This device' : `Last seen ${ago(session.last_seen_at)}`}</span>
      </span>
      ${!session.current && html`
        <button type="button" class="chip" aria-label=${`Sign out ${name}`} onClick=${() => onEnd(session)}>Sign out</button>`}
    </li>`;
}

/* It takes oneself along, so it is asked first; on success the page leads to the sign-in. */
function Everywhere({ onClose }) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');

  async function leave() {
    if (busy) return;
    setBusy(true);
    setFault('');
    try {
      await signOutEverywhere();
    } catch (error) {
      setFault(error.message);
      setBusy(false);
    }
  }
  return html`
    <${Dialog} title="Sign out everywhere?" onClose=${onClose}>
      <p class="dialog__text">All your devices are signed out, and this one with them. You can then sign in again with your password.</p>
      <${Fault} text=${fault} />
      <${Button} type="button" busy=${busy} onClick=${leave}>Sign out everywhere<//>
    <//>`;
}

export function Devices() {
  const [sessions, setSessions] = useState(null);
  const [fault, setFault] = useState('');
  const [leaving, setLeaving] = useState(false);
  const load = () => get('/auth/sessions').then(({ items }) => setSessions(items));
  const attempt = (action) => {
    setFault('');
    return action().catch((error) => setFault(error.message));
  };
  useEffect(() => { attempt(load); }, []);

  const end = (session) => attempt(async () => {
    await del(`/auth/sessions/${encodeURIComponent(session.id)}`);
    toast('That device is signed out.');
    await load();
  });
  const endOthers = () => attempt(async () => {
    await del('/auth/sessions');
    toast('All other devices are signed out.');
    await load();
  });

  const ordered = sessions && [...sessions].sort((a, b) => b.current - a.current
    || Date.parse(b.last_seen_at) - Date.parse(a.last_seen_at));
  return html`
    <${Pane} title="Your devices" up=${['settings']}>
      <${Fault} text=${fault} />
      ${!sessions && !fault && html`<p class="pane__wait"><span class="spinner" role="status" aria-label="Loading"></span></p>`}
      ${ordered && html`
        <ul class="card card--rows devices">
          ${ordered.map((session) => html`<${Device} key=${session.id} session=${session} onEnd=${end} />`)}
        </ul>
        <div class="device-acts">
          ${ordered.length > 1 && html`
            <${Button} type="button" kind="quiet" onClick=${endOthers}>Sign out everywhere else<//>`}
          <${Button} type="button" kind="quiet" aria-haspopup="dialog" onClick=${() => setLeaving(true)}>Sign out everywhere<//>
        </div>`}
      ${leaving && html`<${Everywhere} onClose=${() => setLeaving(false)} />`}
    <//>`;
}
