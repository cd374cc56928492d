// Cuts a square out of a picture, here on the device: only what one sees is sent, at most 512 pixels
// wide and without the place and time that cameras write into their files.
import { html, useEffect, useRef, useState } from '../../vendor/preact.js';
import { Dialog } from '../ui/dialog.js';
import { Button, Fault } from '../ui/form.js';

const OUT_PX = 512;
const VIEW_PX = 320;
const NUDGE = 0.02;
const ZOOM_MAX = 4;

/* The visible square in picture pixels. x, y: its middle as a share of the picture; zoom >= 1. */
function squareOf({ width, height }, { x, y, zoom }) {
  const side = Math.min(width, height) / zoom;
  const hold = (middle, whole) => Math.min(Math.max(middle * whole - side / 2, 0), whole - side);
  return { left: hold(x, width), top: hold(y, height), side };
}

/* What is beyond the edge is not remembered: the next drag moves at once. */
function held(image, cut) {
  const { left, top, side } = squareOf(image, cut);
  return { ...cut, x: (left + side / 2) / image.width, y: (top + side / 2) / image.height };
}

function draw(canvas, image, cut) {
  const { left, top, side } = squareOf(image, cut);
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#fff'; /* a photo has no holes */
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, left, top, side, side, 0, 0, canvas.width, canvas.height);
}

const blobOf = (canvas, type) => new Promise((resolve) => { canvas.toBlob(resolve, type, 0.86); });

/* WebP where the browser can write it; JPEG elsewhere (it then answers with PNG, too large). */
async function encode(image, cut) {
  const canvas = document.createElement('canvas');
  const side = Math.min(OUT_PX, Math.floor(squareOf(image, cut).side));
  canvas.width = Math.max(1, side);
  canvas.height = canvas.width;
  draw(canvas, image, cut);
  const webp = await blobOf(canvas, 'image/webp');
  return webp?.type === 'image/webp' ? webp : blobOf(canvas, 'image/jpeg');
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function Cropper({ image, onSave, onClose }) {
  const canvas = useRef(null);
  const drag = useRef(null);
  const [cut, setCut] = useState({ x: 0.5, y: 0.5, zoom: 1 });
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');

  useEffect(() => draw(canvas.current, image, cut), [image, cut]);

  const change = (next) => setCut((old) => held(image, { ...old, ...next(old) }));
  const zoomTo = (zoom) => change(() => ({ zoom: Math.min(Math.max(zoom, 1), ZOOM_MAX) }));

  const onPointerMove = (event) => {
    if (!drag.current) return;
    const { side } = squareOf(image, cut);
    const scale = side / canvas.current.clientWidth;
    const [dx, dy] = [event.clientX - drag.current.x, event.clientY - drag.current.y];
    drag.current = { x: event.clientX, y: event.clientY };
    change((old) => ({ x: old.x - dx * scale / image.width, y: old.y - dy * scale / image.height }));
  };
  const onPointerDown = (event) => {
    canvas.current.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, y: event.clientY };
  };
  const onKeyDown = (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    change((old) => ({ x: old.x + arrow[0] * NUDGE, y: old.y + arrow[1] * NUDGE }));
  };

  async function save() {
    if (busy) return;
    setBusy(true);
    try {
      await onSave(await encode(image, cut));
    } catch (error) {
      setFault(error.message);
      setBusy(false);
    }
  }
  return html`
    <${Dialog} title="Your photo" onClose=${onClose}>
      <div class="cropper">
        <div class="cropper__frame">
          <canvas ref=${canvas} width=${VIEW_PX * 2} height=${VIEW_PX * 2} tabindex="0" data-first role="img"
            aria-label="Preview of your photo. Drag it, or use the arrow keys, to move it."
            onPointerDown=${onPointerDown} onPointerMove=${onPointerMove} onPointerUp=${() => { drag.current = null; }}
            onPointerCancel=${() => { drag.current = null; }} onKeyDown=${onKeyDown}
            onWheel=${(event) => zoomTo(cut.zoom * (event.deltaY < 0 ? 1.08 : 0.92))}></canvas>
        </div>
        <label class="cropper__zoom">Zoom
          <input type="range" min="1" max=${ZOOM_MAX} step="0.01" value=${cut.zoom} onInput=${(event) => zoomTo(Number(event.target.value))} />
        </label>
        <${Fault} text=${fault} />
        <${Button} type="button" busy=${busy} onClick=${save}>Use this photo<//>
      </div>
    <//>`;
}
