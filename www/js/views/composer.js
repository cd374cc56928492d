// Where one writes. Enter sends, Shift+Enter begins a new line; what is not sent waits in the room.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/preact.js';
import { config } from '../session.js';
import { send } from '../store.js';
import { kick } from '../sync.js';
import { characters } from '../text.js';
import { SendIcon } from '../ui/icons.js';

const TALLEST_PX = 168;
const COUNT_FROM = 0.9;

export function Composer({ history, name }) {
  const [text, setText] = useState(history.draft);
  const input = useRef(null);
  const limit = config.value?.limits?.message_characters ?? 10_000;
  const length = text.length > limit * COUNT_FROM / 2 ? characters(text) : text.length;
  const tooLong = length > limit;
  const ready = text.trim() !== '' && !tooLong;

  useLayoutEffect(() => {
    const box = input.current;
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, TALLEST_PX)}px`;
  }, [text]);

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) input.current.focus();
  }, []);

  const write = (next) => {
    history.draft = next;
    setText(next);
  };
  const submit = (event) => {
    event?.preventDefault();
    if (!ready) return;
    send(history, text.trim()).then(kick);
    write('');
    input.current.focus();
  };
  const onKeyDown = (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
  };

  return html`
    <form class="composer" onSubmit=${submit}>
      <div class="composer__box">
        <textarea class="composer__input" ref=${input} rows="1" value=${text} aria-label=${`Message to ${name}`}
          placeholder="Write a message" enterkeyhint="send" aria-invalid=${tooLong ? 'true' : 'false'} dir="auto"
          onInput=${(event) => write(event.target.value)} onKeyDown=${onKeyDown}></textarea>
        ${length > limit * COUNT_FROM && html`
          <span class=${`composer__count ${tooLong ? 'composer__count--over' : ''}`} role="status">${limit - length}</span>`}
      </div>
      <button type="submit" class="composer__send" aria-label="Send" title="Send (Enter)" aria-disabled=${ready ? undefined : 'true'}>
        <${SendIcon} />
      </button>
    </form>`;
}
