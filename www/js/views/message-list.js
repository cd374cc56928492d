// The messages of a room. Stays at the newest while one is there, stays where one reads otherwise,
// fetches older ones on the way up, and tells the server what has been before one's eyes.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../../vendor/preact.js';
import { myId } from '../session.js';
import { discard, loadOlder, markRead, sendAgain } from '../store.js';
import { isJumbo, linkParts } from '../text.js';
import { dayName, fullTime, timeOf } from '../time.js';
import { Avatar } from '../ui/avatar.js';
import { BinIcon, DownIcon, RetryIcon, Ticks } from '../ui/icons.js';
import { daysOf } from './rows.js';
import { myTickState } from './ticks.js';

const AT_END_PX = 60;
const LOAD_OLDER_PX = 600;
const DAY_SHOWN_MS = 1200;

const Words = ({ text }) => linkParts(text).map((part) => (typeof part === 'string' ? part
  : html`<a href=${part.link} target="_blank" rel="noopener noreferrer">${part.link}</a>`));

const textOf = (entry) => entry.text ?? entry.data?.text ?? '';

function Unsent({ entry, history }) {
  return html`
    <div class="unsent" role="alert">
      <span>${entry.fault || 'Not sent.'}</span>
      <button type="button" class="unsent__act" onClick=${() => sendAgain(history, entry)}><${RetryIcon} />Try again</button>
      <button type="button" class="unsent__act" onClick=${() => discard(history, entry)}><${BinIcon} />Discard</button>
    </div>`;
}

function Bubble({ entry, mine, room, last, history }) {
  const state = entry.state ?? (mine ? myTickState(entry.seq, room.other_cursor) : null);
  const text = textOf(entry);
  const jumbo = isJumbo(text);
  const meta = html`
    <span class="bubble__meta">
      <time datetime=${entry.created_at} title=${fullTime(entry.created_at)}>${timeOf(entry.created_at)}</time>
      ${state && html`<${Ticks} state=${state} />`}
    </span>`;
  return html`
    <div class=${`bubble ${jumbo ? 'bubble--jumbo' : ''} ${last ? 'bubble--last' : ''}`} data-seq=${entry.seq}>
      <span class="hidden">${mine ? 'You' : room.other.name}: </span>
      <span class="bubble__text" dir="auto"><${Words} text=${text} /></span>
      ${last || state === 'sending' || state === 'failed' ? meta : html`<span class="hidden">, ${timeOf(entry.created_at)}</span>`}
    </div>
    ${state === 'failed' && html`<${Unsent} entry=${entry} history=${history} />`}`;
}

function Group({ row, room, history }) {
  const mine = row.author === myId.value;
  return html`
    <li class=${`group group--${mine ? 'mine' : 'theirs'}`}>
      ${row.entries.map((entry, i) => html`
        <${Bubble} key=${entry.client_id ?? entry.seq} entry=${entry} mine=${mine} room=${room} history=${history}
          last=${i === row.entries.length - 1} />`)}
    </li>`;
}

const Day = ({ day, ...rest }) => html`
  <section class="day" data-day=${dayName(day.at)}>
    <h2 class="day__name"><time datetime=${day.at}>${dayName(day.at)}</time></h2>
    <ol class="day__rows">
      ${day.rows.map((row) => (row.kind === 'new'
        ? html`<li key="new" class="new-line"><span>New messages</span></li>`
        : html`<${Group} key=${row.key} row=${row} ...${rest} />`))}
    </ol>
  </section>`;

const Beginning = ({ room, empty }) => html`
  <div class="beginning">
    <${Avatar} user=${room.other} size="l" />
    <h2><bdi>${room.other.name}</bdi></h2>
    <p>${empty ? 'You found each other. Say hello!' : 'This is where your conversation began.'}</p>
  </div>`;

const Skeleton = () => html`
  <div class="log-skeleton" aria-hidden="true">
    ${['in', 'in', 'out', 'in', 'out', 'out'].map((side) => html`<span class=${`bone bone--bubble bone--${side}`}></span>`)}
  </div>
  <p class="hidden" role="status">Loading messages</p>`;

/* seq of the newest message whose end stands within the scroller; 0 while that is not shown at all */
function newestSeen(scroller) {
  if (scroller.clientHeight === 0) return 0;
  const end = scroller.getBoundingClientRect().bottom + 4;
  const bubbles = [...scroller.querySelectorAll('[data-seq]')];
  for (const bubble of bubbles.reverse()) {
    if (bubble.getBoundingClientRect().bottom <= end) return Number(bubble.dataset.seq);
  }
  return 0;
}

/* The name of the day under the top edge, while one scrolls and a moment longer. */
function useDayOver(scroller) {
  const [name, setName] = useState('');
  const [shown, setShown] = useState(false);
  const timer = useRef(null);
  useEffect(() => () => clearTimeout(timer.current), []);

  const follow = () => {
    const box = scroller.current;
    const above = [...box.querySelectorAll('[data-day]')].filter((day) => day.offsetTop < box.scrollTop);
    if (above.length) setName(above.at(-1).dataset.day);
    setShown(above.length > 0);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setShown(false), DAY_SHOWN_MS);
  };
  return [follow, html`
    <div class=${`day-over ${shown ? 'day-over--shown' : ''}`} aria-hidden="true"><p class="day__name">${name}</p></div>`];
}

/* Keeps the eye where it is when rows come in above it, and at the end when it is there. */
function useScroll(scroller, { firstSeq, ready, onScrolled }) {
  const atEnd = useRef(true);
  const before = useRef({ firstSeq: null, height: 0 });
  const [away, setAway] = useState(false);

  const toEnd = () => { scroller.current.scrollTop = scroller.current.scrollHeight; };

  useLayoutEffect(() => {
    const box = scroller.current;
    const old = before.current;
    const line = box.querySelector('.new-line');
    if (ready && old.firstSeq === null && line) {
      box.scrollTop = line.offsetTop - box.clientHeight / 4;
      atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
    } else if (old.firstSeq !== null && firstSeq < old.firstSeq) {
      box.scrollTop += box.scrollHeight - old.height;
    } else if (atEnd.current) {
      toEnd();
    }
    before.current = { firstSeq: ready ? firstSeq : null, height: box.scrollHeight };
  });

  useEffect(() => {
    const resized = new ResizeObserver(() => { if (atEnd.current) toEnd(); });
    resized.observe(scroller.current);
    return () => resized.disconnect();
  }, []);

  const onScroll = () => {
    const box = scroller.current;
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
    setAway(!atEnd.current);
    onScrolled(!atEnd.current);
  };
  const goToEnd = () => {
    atEnd.current = true;
    scroller.current.scrollTo({ top: scroller.current.scrollHeight, behavior: 'smooth' });
  };
  return { away, onScroll, goToEnd };
}

/* Reading needs eyes: nothing counts as read in a hidden tab or behind another window. */
function useReadMarks(scroller, room, newestSeq) {
  const check = () => {
    if (scroller.current && !document.hidden && document.hasFocus()) markRead(room.id, newestSeen(scroller.current));
  };
  useEffect(() => {
    const frame = requestAnimationFrame(check);
    window.addEventListener('focus', check);
    document.addEventListener('visibilitychange', check);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('focus', check);
      document.removeEventListener('visibilitychange', check);
    };
  }, [room.id, newestSeq, room.cursor.read_seq]);
  return check;
}

/* What comes in while one is here is read out, politely. */
function Announcer({ messages, room }) {
  const from = useRef(null);
  const last = messages.at(-1);
  from.current ??= last?.seq ?? 0;
  const isNew = last && last.seq > from.current && last.author_id !== myId.value;
  return html`<p class="hidden" role="status">${isNew ? `${room.other.name}: ${textOf(last)}` : ''}</p>`;
}

export function MessageList({ history, room, newFrom }) {
  const scroller = useRef(null);
  const messages = history.messages.value;
  const pending = history.pending.value;
  const ready = history.status.value === 'ready';
  const hasBefore = history.hasBefore.value;
  const days = useMemo(() => daysOf(messages, pending, newFrom), [messages, pending, newFrom]);
  const readCheck = useReadMarks(scroller, room, messages.at(-1)?.seq ?? 0);

  const [followDay, dayOver] = useDayOver(scroller);

  const older = () => {
    if (scroller.current.scrollTop < LOAD_OLDER_PX) loadOlder(history).catch(() => {});
  };
  const { away, onScroll, goToEnd } = useScroll(scroller, {
    firstSeq: messages[0]?.seq ?? 0,
    ready,
    onScrolled: (byHand) => {
      readCheck();
      older();
      if (byHand) followDay();
    },
  });
  useEffect(() => {
    if (ready) older();
  }, [ready, messages.length]);

  return html`
    <div class="log-frame">
      ${dayOver}
      <div class="log-scroller" ref=${scroller} onScroll=${onScroll} tabindex="0" role="region" aria-label="Messages">
        ${!ready && html`<${Skeleton} />`}
        ${ready && html`
          <div class=${`log-top ${days.length === 0 ? 'log-top--alone' : ''}`}>
            ${hasBefore ? html`<span class="spinner" role="status" aria-label="Loading older messages"></span>`
              : html`<${Beginning} room=${room} empty=${days.length === 0} />`}
          </div>
          <div class="log">${days.map((day) => html`<${Day} key=${day.key} day=${day} room=${room} history=${history} />`)}</div>
          <${Announcer} messages=${messages} room=${room} />`}
      </div>
      ${away && html`
        <button type="button" class="to-end" aria-label="Go to the newest message" onClick=${goToEnd}>
          <${DownIcon} />${room.unread > 0 && html`<span class="badge" aria-hidden="true">${room.unread}</span>`}
        </button>`}
    </div>`;
}
