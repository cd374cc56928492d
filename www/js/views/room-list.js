// The conversations, latest first, with what is new in each.
import { html, useEffect, useRef, useState } from '../../vendor/preact.js';
import { href, route } from '../router.js';
import { me, myId } from '../session.js';
import { loadMoreRooms, moreRooms, roomList } from '../store.js';
import { connected } from '../sync.js';
import { oneLine } from '../text.js';
import { fullTime, shortTime } from '../time.js';
import { Avatar } from '../ui/avatar.js';
import { CloseIcon, SearchIcon, Ticks, Wordmark, WriteIcon } from '../ui/icons.js';
import { rove } from '../ui/roving.js';
import { myTickState } from './ticks.js';

function Preview({ room }) {
  const last = room.last_message;
  if (!last) return html`<span class="room__preview room__preview--none">No messages yet</span>`;
  const mine = last.author_id === myId.value;
  return html`
    <span class="room__preview">
      ${mine && html`<${Ticks} state=${myTickState(last.seq, room.other_cursor)} />`}
      ${mine && html`<span class="hidden">You: </span>`}
      <bdi>${oneLine(last.text ?? '')}</bdi>
    </span>`;
}

function Room({ room, active, stop }) {
  const at = room.last_message?.created_at ?? room.created_at;
  return html`
    <li>
      <a class=${`room ${room.unread ? 'room--unread' : ''}`} href=${href('rooms', room.id)} data-entry
        data-room=${room.id} tabindex=${stop ? 0 : -1} aria-current=${active ? 'page' : undefined}>
        <${Avatar} user=${room.other} />
        <span class="room__text">
          <span class="room__top">
            <span class="room__name"><bdi>${room.other.name}</bdi></span>
            <time class="room__time" datetime=${at} title=${fullTime(at)}>${shortTime(at)}</time>
          </span>
          <span class="room__bottom">
            <${Preview} room=${room} />
            ${room.unread > 0 && html`
              <span class="badge"><span aria-hidden="true">${room.unread > 999 ? '999+' : room.unread}</span>
                <span class="hidden">${room.unread} unread</span></span>`}
          </span>
        </span>
      </a>
    </li>`;
}

const Skeleton = () => html`
  <ul class="rooms rooms--skeleton" aria-hidden="true">
    ${[1, 2, 3, 4, 5].map(() => html`
      <li class="room"><span class="bone bone--face"></span><span class="room__text">
        <span class="bone bone--line"></span><span class="bone bone--line bone--thin"></span></span></li>`)}
  </ul>
  <p class="hidden" role="status">Loading your conversations</p>`;

const NoRooms = () => html`
  <div class="empty">
    <h2 class="empty__title">It is quiet here</h2>
    <p>Find someone by phone number and say hello. Your conversations will gather in this place.</p>
    <a class="button button--primary button--inline" href=${href('new')}><span class="button__label">Start a conversation</span></a>
  </div>`;

function Rooms({ filter }) {
  const all = roomList.value;
  const end = useRef(null);
  const more = moreRooms.value;

  useEffect(() => {
    if (!more) return undefined;
    const seen = new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting) loadMoreRooms().catch(() => {});
    });
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [more]);

  if (!all) return html`<${Skeleton} />`;
  if (all.length === 0) return html`<${NoRooms} />`;
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = all.filter((room) => room.other.name.toLocaleLowerCase().includes(wanted));
  if (shown.length === 0) {
    return html`<div class="empty"><p>None of your conversations is called “${filter.trim()}”.</p></div>`;
  }
  const [kind, openId] = route.value.parts;
  const stopId = shown.some((room) => kind === 'rooms' && room.id === openId) ? openId : shown[0].id;
  return html`
    <ul class="rooms" onKeyDown=${rove}>
      ${shown.map((room) => html`
        <${Room} key=${room.id} room=${room} active=${kind === 'rooms' && room.id === openId} stop=${room.id === stopId} />`)}
    </ul>
    <div ref=${end} class="rooms__end"></div>`;
}

export function RoomList() {
  const [filter, setFilter] = useState('');
  const search = useRef(null);

  useEffect(() => {
    const onKey = (event) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      search.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  const clear = () => {
    setFilter('');
    search.current.focus();
  };
  const onKeyDown = (event) => {
    if (event.key === 'Escape' && filter) clear();
    if (event.key === 'ArrowDown') {
      document.querySelector('.rooms [data-entry][tabindex="0"]')?.focus();
      event.preventDefault();
    }
  };
  return html`
    <nav class="pane pane--list" aria-label="Conversations">
      <header class="pane__head pane__head--list">
        <h1 class="pane__brand"><${Wordmark} size=${30} /></h1>
        <a class="icon-button" href=${href('new')} aria-label="New conversation" title="New conversation"><${WriteIcon} /></a>
        <a class="face-button" href=${href('settings')} aria-label="Your profile and settings" title="Your profile and settings">
          <${Avatar} user=${me.value} size="s" /></a>
      </header>
      <div class="search">
        <${SearchIcon} />
        <input ref=${search} class="search__input" type="text" role="searchbox" aria-label="Search your conversations"
          placeholder="Search" value=${filter} enterkeyhint="search" onInput=${(event) => setFilter(event.target.value)} onKeyDown=${onKeyDown} />
        ${filter && html`<button type="button" class="icon-button icon-button--s" aria-label="Clear search" onClick=${clear}><${CloseIcon} /></button>`}
      </div>
      ${!connected.value && html`<p class="banner" role="status"><span class="spinner" aria-hidden="true"></span>Waiting for the server…</p>`}
      <div class="pane__scroll"><${Rooms} filter=${filter} /></div>
    </nav>`;
}
