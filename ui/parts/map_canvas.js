// The map of a pool on a canvas: who draws around some of its marks, by mouse, pen or finger, has their texts shown.
//
// Streamlit calls the function at the end at every change of `data`, always on the same element. Words from outside only
// ever become text.

const TALLEST = 500;
const SHAPE = 0.75; // height by width, where it is not so tall
const EDGE = 7; // pixels around the marks
const STEP = 6; // pixels between two corners of the line
const MOST = 128; // corners; of a longer line every second one stays
const NEAR = 14; // pixels within which a mark is told of
const GREY = "#8A8A8A";
const [ONE, LEAST, LARGEST] = [34, 14, 190]; // square pixels of a mark: for a single text, for few, for most

const share = (at, low, high) => Math.min(1, Math.max(0, (at - low) / (high - low)));

class PoolMap {
  constructor(root) {
    this.root = root;
    [this.canvas, this.told] = root.children;
    this.line = [];
    this.step = STEP;
    this.drawing = false;
    const acts = { pointerdown: "begin", pointermove: "move", pointerup: "end", pointercancel: "drop", pointerleave: "hush" };
    for (const [kind, act] of Object.entries(acts)) this.canvas.addEventListener(kind, (event) => this[act](event));
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(root);
  }

  take(data, send) {
    this.data = data;
    this.send = send;
    if (!this.drawing) this.line = this.known();
    this.canvas.setAttribute("aria-label", data.alt);
    this.draw();
  }

  // The line that the page knows of, as corners.
  known() {
    const flat = this.data.outline ?? [];
    return flat.filter((_, at) => at % 2 === 0).map((x, at) => [x, flat[2 * at + 1]]);
  }

  // --- places: on the map from 0 to 1, on the canvas in pixels from above -----------------------------------------------

  shown(x, y) {
    const [left, right, bottom, top] = this.data.part;
    return [EDGE + ((x - left) / (right - left)) * (this.width - 2 * EDGE), EDGE + ((top - y) / (top - bottom)) * (this.height - 2 * EDGE)];
  }

  place(event) {
    const [left, right, bottom, top] = this.data.part;
    const box = this.canvas.getBoundingClientRect();
    const across = share(event.clientX, box.left + EDGE, box.right - EDGE);
    const down = share(event.clientY, box.top + EDGE, box.bottom - EDGE);
    return [left + across * (right - left), top - down * (top - bottom)];
  }

  // --- the line ---------------------------------------------------------------------------------------------------------

  begin(event) {
    if (event.button || this.drawing) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.step = STEP;
    this.line = [this.place(event)];
    this.hush();
  }

  move(event) {
    if (!this.drawing) return this.tell(event);
    const [here, last] = [this.place(event), this.line.at(-1)];
    const [[x1, y1], [x2, y2]] = [this.shown(...here), this.shown(...last)];
    if (Math.hypot(x1 - x2, y1 - y2) < this.step) return;
    this.line.push(here);
    if (this.line.length > MOST) {
      this.line = this.line.filter((_, at) => at % 2 === 0);
      this.step *= 2;
    }
    this.draw();
  }

  // A line of less than three corners goes around nothing: a click drops the one before.
  end() {
    if (!this.drawing) return;
    this.drawing = false;
    if (this.line.length < 3) this.line = [];
    this.draw();
    this.send(this.line.length ? this.line.flat().map((one) => Math.round(one * 1e4) / 1e4) : null);
  }

  drop() {
    this.drawing = false;
    this.line = this.known();
    this.draw();
  }

  path() {
    if (this.line.length < 2) return null;
    const path = new Path2D();
    for (const corner of this.line) path.lineTo(...this.shown(...corner));
    path.closePath();
    return path;
  }

  // --- the picture ------------------------------------------------------------------------------------------------------

  draw() {
    this.width = this.root.clientWidth;
    if (!this.width || !this.data) return;
    this.height = Math.min(TALLEST, Math.round(SHAPE * this.width));
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
    this.canvas.style.height = `${this.height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const { x, y, kind, kinds } = this.data;
    const path = this.path();
    for (let at = 0; at < x.length; at += 1) {
      const here = this.shown(x[at], y[at]);
      const inside = !path || pen.isPointInPath(path, here[0] * ratio, here[1] * ratio);
      const { color, faint } = kinds[kind[at]];
      pen.globalAlpha = (faint ? 0.4 : 0.9) * (inside ? 1 : 0.3);
      pen.fillStyle = color;
      pen.beginPath();
      pen.arc(...here, this.radius(at), 0, 2 * Math.PI);
      pen.fill();
    }
    if (path) this.around(pen, path);
  }

  around(pen, path) {
    pen.fillStyle = pen.strokeStyle = GREY;
    pen.globalAlpha = 0.12;
    pen.fill(path);
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    pen.stroke(path);
  }

  radius(at) {
    const { count, binned } = this.data;
    this.largest = this.data === this.counted ? this.largest : Math.max(1, ...count);
    this.counted = this.data;
    const area = binned ? LEAST + (LARGEST - LEAST) * Math.sqrt(count[at] / this.largest) : ONE;
    return Math.sqrt(area / Math.PI);
  }

  // --- what a mark is ---------------------------------------------------------------------------------------------------

  tell(event) {
    const box = this.canvas.getBoundingClientRect();
    const [right, down] = [event.clientX - box.left, event.clientY - box.top];
    let [nearest, least] = [-1, NEAR];
    this.data.x.forEach((x, at) => {
      const [a, b] = this.shown(x, this.data.y[at]);
      const far = Math.hypot(a - right, b - down);
      if (far <= least) [nearest, least] = [at, far];
    });
    if (nearest < 0) return this.hush();
    const count = this.data.count[nearest];
    const { name } = this.data.kinds[this.data.kind[nearest]];
    this.told.textContent = count > 1 ? `${name}, ${count.toLocaleString("en")} texts` : name;
    this.told.hidden = false;
    this.told.style.left = `${Math.min(right + 12, Math.max(0, this.width - this.told.offsetWidth))}px`;
    this.told.style.top = `${Math.max(0, down - this.told.offsetHeight - 8)}px`;
  }

  hush() {
    this.told.hidden = true;
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector("#pool-map");
  root.map ??= new PoolMap(root);
  root.map.take(data, (outline) => setStateValue("outline", outline));
  return () => {
    root.map?.watch.disconnect();
    root.map = undefined;
  };
}
