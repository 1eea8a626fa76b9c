// Plots of the last hour. All of them have one cursor: where the pointer is in one, all show what was
// then.
import { bytes, clock, duration, h, setText, svg } from './dom.js';

const kHeight = 72;
const plots = new Set();
let cursor = null; // a time; null: now

function moveCursor(at) {
  cursor = at;
  for (const plot of plots) plot.showCursor();
}

// A round number that is not below; of bytes, in KB or MB.
function roundUp(value, format) {
  const size = format === bytes ? 1024 ** Math.floor(Math.log(value) / Math.log(1024)) : 1;
  const unit = size * 10 ** Math.floor(Math.log10(value / size));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * unit).find((step) => step >= value * 0.9999);
}

// `series`: {name, label, tone}. `format` makes words of a value. `least`: what the scale shows at least.
export class Plot {
  #series;
  #format;
  #least;
  #past;
  #width = 0;
  #lines;
  #values;
  #cursor = svg('line', { class: 'cursor', y1: 0, y2: kHeight });
  #top = h('span', { class: 'top' });
  #from = h('span');
  #when = h('span');
  #box;
  #svg;

  constructor({ title, series, format, least = 1 }) {
    this.#series = series;
    this.#format = format;
    this.#least = least;
    this.#lines = series.map(({ tone }, i) => ({
      area: svg('path', { class: `area ${tone}`, visibility: i === 0 ? null : 'hidden' }),
      line: svg('path', { class: `line ${tone}` }),
    }));
    this.#values = series.map(() => h('b'));
    const legend = series.map(({ label, tone }, i) =>
      h('span', { class: `value ${tone}` }, this.#values[i], label && h('small', null, label)));
    const quarters = [0.25, 0.5, 0.75].map((part) => svg('line', { class: 'grid', x1: `${part * 100}%`, x2: `${part * 100}%`, y1: 0, y2: kHeight }));
    this.#svg = svg('svg', { height: kHeight, role: 'img', 'aria-label': title }, quarters,
      svg('line', { class: 'grid', x1: 0, x2: '100%', y1: 0.5, y2: 0.5 }),
      this.#lines.map(({ area, line }) => [area, line]),
      svg('line', { class: 'base', x1: 0, x2: '100%', y1: kHeight - 0.5, y2: kHeight - 0.5 }), this.#cursor);
    this.#box = h('div', { class: 'box', tabindex: '0', 'aria-label': `${title}: arrows move the time`,
      on: {
        pointermove: (event) => moveCursor(this.#timeAt(event.offsetX)),
        pointerleave: () => moveCursor(null),
        blur: () => moveCursor(null),
        keydown: (event) => this.#pressed(event),
      } }, this.#svg, this.#top);
    this.element = h('section', { class: 'plot' }, h('h3', null, title), h('div', { class: 'values' }, legend), this.#box,
      h('div', { class: 'axis' }, this.#from, this.#when));
    plots.add(this);
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.draw(this.#past);
    }).observe(this.#box);
  }

  close() {
    plots.delete(this);
  }

  get #start() {
    return this.#past.last - this.#past.span;
  }
  #timeAt(x) {
    if (!this.#past || this.#past.at.length === 0) return null;
    return this.#start + (x / this.#width) * this.#past.span;
  }
  #xOf(at) {
    return ((at - this.#start) / this.#past.span) * this.#width;
  }

  // The sample next to a time; undefined: there was none.
  #indexAt(at) {
    const times = this.#past.at;
    let low = 0;
    let high = times.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < at) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && at - times[low - 1] < times[low] - at) low -= 1;
    return Math.abs(times[low] - at) <= 3 * this.#past.interval ? low : undefined;
  }

  #pressed(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -60, PageDown: 60 };
    if (!(event.key in steps) || !this.#past?.at.length) return;
    event.preventDefault();
    const { at } = this.#past;
    const index = cursor === null ? at.length - 1 : this.#indexAt(cursor) ?? at.length - 1;
    moveCursor(at[Math.max(0, Math.min(at.length - 1, index + steps[event.key]))]);
  }

  // The highest value of each pixel: a short spike must not be lost between two samples.
  #path(values, scale) {
    const { at, interval } = this.#past;
    const parts = [];
    let column = -1;
    let highest = 0;
    let previous = -Infinity;
    const flush = (x) => parts.length > 0 && parts[parts.length - 1].push([x, kHeight - 1 - highest * scale]);
    for (let i = 0; i < at.length; i += 1) {
      const x = this.#xOf(at[i]);
      if (x < 0) continue;
      const isGap = at[i] - previous > 3 * interval;
      previous = at[i];
      if (isGap || Math.floor(x) !== column) {
        if (column >= 0) flush(column + 0.5);
        if (isGap) parts.push([]);
        column = Math.floor(x);
        highest = values[i];
      } else {
        highest = Math.max(highest, values[i]);
      }
    }
    if (column >= 0) flush(Math.min(column + 0.5, this.#width));
    return parts.filter((part) => part.length > 0);
  }

  draw(past) {
    this.#past = past;
    if (!past || this.#width === 0) return;
    const names = this.#series.map(({ name }) => name);
    const begin = this.#start;
    let top = this.#least;
    for (const name of names) {
      const values = past.series[name] ?? [];
      for (let i = 0; i < values.length; i += 1) if (past.at[i] >= begin && values[i] > top) top = values[i];
    }
    top = roundUp(top, this.#format);
    setText(this.#top, this.#format(top));
    names.forEach((name, i) => {
      const parts = this.#path(past.series[name] ?? [], (kHeight - 4) / top);
      const line = parts.map((part) => `M${part.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}`);
      const area = parts.map((part, n) => `${line[n]}V${kHeight}H${part[0][0].toFixed(1)}Z`);
      this.#lines[i].line.setAttribute('d', line.join(''));
      this.#lines[i].area.setAttribute('d', area.join(''));
    });
    this.showCursor();
  }

  // What is now; a cursor shows the past instead.
  set live(values) {
    this.liveValues = values;
    this.showCursor();
  }

  showCursor() {
    const past = this.#past;
    const index = cursor !== null && past?.at.length ? this.#indexAt(cursor) : undefined;
    this.#series.forEach(({ name }, i) => {
      const value = index !== undefined ? past.series[name]?.[index] : cursor === null ? this.liveValues?.[i] : undefined;
      setText(this.#values[i], value === undefined ? '–' : this.#format(value));
    });
    const isShown = cursor !== null && past?.at.length > 0;
    this.#cursor.setAttribute('visibility', isShown ? 'visible' : 'hidden');
    setText(this.#when, isShown ? clock(cursor) : 'now');
    setText(this.#from, past ? `${duration(Math.round(past.span / 1e4) * 1e4)} ago` : '');
    if (!isShown) return;
    const x = this.#xOf(cursor).toFixed(1);
    this.#cursor.setAttribute('x1', x);
    this.#cursor.setAttribute('x2', x);
  }
}
