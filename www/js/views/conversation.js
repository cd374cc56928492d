// One room: who it is with, what was said, and the place to answer.
import { html, useEffect, useMemo, useState } from '../../vendor/preact.js';
import { replace } from '../router.js';
import { historyOf, openHistory, roomOf } from '../store.js';
import { connected, watchRoom } from '../sync.js';
import { Avatar } from '../ui/avatar.js';
import { Dialog } from '../ui/dialog.js';
import { Button } from '../ui/form.js';
import { BackIcon } from '../ui/icons.js';
import { Composer } from './composer.js';
import { MessageList } from './message-list.js';

const since = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });

const Person = ({ room, onClose }) => html`
  <${Dialog} title="Profile" onClose=${onClose}>
    <div class="person">
      <${Avatar} user=${room.other} size="xl" />
      <p class="person__name"><bdi>${room.other.name}</bdi></p>
      <p class="person__since">In touch since ${since.format(new Date(room.created_at))}</p>
    </div>
  <//>`;

/* The room's row in the list is where one came from: the focus goes back there. */
function leaveRoom(id) {
  replace();
  requestAnimationFrame(() => document.querySelector(`[data-room="${CSS.escape(id)}"]`)?.focus());
}

function Head({ room, onPerson }) {
  return html`
    <header class="talk__head">
      <button type="button" class="icon-button talk__back" aria-label="Back to your conversations" onClick=${() => leaveRoom(room.id)}>
        <${BackIcon} /></button>
      <button type="button" class="talk__who" onClick=${onPerson} aria-haspopup="dialog">
        <${Avatar} user=${room.other} size="s" />
        <span class="talk__names">
          <h1 class="talk__name"><bdi>${room.other.name}</bdi></h1>
          ${!connected.value && html`<span class="talk__state">Waiting for the server…</span>`}
        </span>
        <span class="hidden">, show profile</span>
      </button>
    </header>`;
}

/* Whom nobody reads any more nobody should write to. */
const Closed = () => html`
  <p class="composer composer--closed">This account was removed. What was written stays.</p>`;

const Missing = ({ text, onRetry }) => html`
  <div class="talk talk--missing">
    <div class="empty">
      <h2 class="empty__title">This conversation could not be opened</h2>
      <p>${text}</p>
      <${Button} type="button" kind="quiet" onClick=${onRetry}>Try again<//>
    </div>
  </div>`;

/* The first message not yet read when the room was opened: fixed, so that the line stays put. */
const useNewLine = (room) => useMemo(
  () => (room && room.unread > 0 ? room.cursor.read_seq + 1 : null),
  [room === null],
);

export function Conversation({ id }) {
  const history = historyOf(id);
  const room = roomOf(id);
  const [person, setPerson] = useState(false);
  const newFrom = useNewLine(room);

  useEffect(() => {
    watchRoom(id);
    openHistory(history);
    return () => watchRoom(null);
  }, [id]);

  const onKeyDown = (event) => {
    if (event.key === 'Escape' && !event.isComposing && !person) leaveRoom(id);
  };

  if (history.status.value === 'failed') {
    return html`<${Missing} text=${history.fault.value} onRetry=${() => openHistory(history)} />`;
  }
  if (!room) return html`<div class="talk talk--missing"><span class="spinner" role="status" aria-label="Loading"></span></div>`;
  return html`
    <section class="talk" aria-label=${`Conversation with ${room.other.name}`} onKeyDown=${onKeyDown}>
      <${Head} room=${room} onPerson=${() => setPerson(true)} />
      <${MessageList} key=${id} history=${history} room=${room} newFrom=${newFrom} />
      ${room.other.removed ? html`<${Closed} />`
        : html`<${Composer} key=${`composer ${id}`} history=${history} name=${room.other.name} />`}
      ${person && html`<${Person} room=${room} onClose=${() => setPerson(false)} />`}
    </section>`;
}
