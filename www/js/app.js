// Which view stands where. Left: the list, or a page entered from it; right: the conversation. On a
// phone only one of the two is there.
import { html, useEffect, useRef } from '../vendor/preact.js';
import { replace, route } from './router.js';
import { onSignOut, state } from './session.js';
import { roomOf, unreadTotal } from './store.js';
import { Mark } from './ui/icons.js';
import { Sky } from './ui/sky.js';
import { Toast } from './ui/toast.js';
import { Splash } from './views/auth.js';
import { ChangePassword } from './views/password.js';
import { Challenge } from './views/challenge.js';
import { Confirm } from './views/confirm.js';
import { Conversation } from './views/conversation.js';
import { Devices } from './views/devices.js';
import { Find } from './views/find.js';
import { Forgot, Reset } from './views/recover.js';
import { RoomList } from './views/room-list.js';
import { Settings } from './views/settings.js';
import { SignIn } from './views/sign-in.js';
import { SignUp } from './views/sign-up.js';

const OUTSIDE = {
  'sign-in': SignIn, 'sign-up': SignUp, challenge: Challenge, confirm: Confirm, forgot: Forgot, reset: Reset,
};

const PAGES = {
  new: Find,
  settings: Settings,
  'settings/password': ChangePassword,
  'settings/devices': Devices,
};

const Nothing = () => html`
  <div class="nothing">
    <${Sky} />
    <div class="nothing__card"><${Mark} size=${56} /><p>Choose a conversation, or start a new one.</p></div>
  </div>`;

function Inside() {
  const { parts } = route.value;
  const Page = PAGES[parts.join('/')];
  const lastRoom = useRef(null);
  if (parts[0] === 'rooms' && parts[1]) lastRoom.current = parts[1];
  else if (!Page) lastRoom.current = null;
  const roomId = lastRoom.current;
  const front = parts[0] === 'rooms' && roomId ? 'talk' : 'list';

  return html`
    <main class=${`shell shell--${front}`}>
      <div class="shell__left">${Page ? html`<${Page} key=${parts.join('/')} />` : html`<${RoomList} />`}</div>
      <div class="shell__right">${roomId ? html`<${Conversation} key=${roomId} id=${roomId} />` : html`<${Nothing} />`}</div>
    </main>`;
}

function useTitle() {
  const { parts } = route.value;
  const name = state.value === 'in' && parts[0] === 'rooms' ? roomOf(parts[1])?.other.name : null;
  const unread = state.value === 'in' ? unreadTotal.value : 0;
  useEffect(() => {
    document.title = `${unread ? `(${unread}) ` : ''}${name ? `${name} · ` : ''}Cloud Chat`;
  }, [name, unread]);
}

/* Whoever signs in next begins at the list, not where the one before was. */
onSignOut(() => replace('sign-in'));

export function App() {
  useTitle();
  if (state.value === 'starting') return html`<${Splash}><p class="hidden" role="status">Starting</p><//>`;
  const View = state.value === 'in' ? Inside : OUTSIDE[route.value.parts[0]] ?? SignIn;
  return html`<${View} key=${state.value === 'in' ? 'in' : route.value.parts[0]} /><${Toast} />`;
}
