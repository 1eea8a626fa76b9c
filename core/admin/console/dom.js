// Elements, numbers in words, and tables that keep their rows. Whatever a peer has named itself gets
// into the page through here alone, as text.

const kSvg = document.getElementById('svg').namespaceURI;

function put(element, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) child.forEach((one) => put(element, one));
  else element.append(child instanceof Node ? child : String(child));
}

function make(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === 'value') {
      element.value = value;
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  put(element, children);
  return element;
}

export const h = (tag, props, ...children) => make(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) =>
  make(document.createElementNS(kSvg, tag), props, children);

export function fill(element, ...children) {
  element.replaceChildren();
  put(element, children);
  return element;
}

// Writes only what has changed: the browser lays nothing out anew for a number that stays.
export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

const kWhole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const kOne = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const kTwo = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const count = (value) => kWhole.format(value);

// 0.25, 7.1, 1,234, 1.2 M
export function short(value) {
  if (value === 0) return '0';
  if (value < 1) return kTwo.format(value);
  if (value < 10 && !Number.isInteger(value)) return kOne.format(value);
  if (value < 100_000) return kWhole.format(value);
  return value < 1e6 ? `${kWhole.format(value / 1e3)} k` : `${kOne.format(value / 1e6)} M`;
}

export function bytes(value) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 || value >= 100 ? kWhole.format(value) : kOne.format(value)} ${units[unit]}`;
}

export function millis(value) {
  if (value === 0) return '0 ms';
  if (value < 10 && !Number.isInteger(value)) return `${kTwo.format(value)} ms`;
  return value < 10_000 ? `${kWhole.format(value)} ms` : duration(value);
}

export const percent = (value) => `${value < 10 ? kOne.format(value) : kWhole.format(value)} %`;

// The two largest units: "3d 4h", "12m 5s".
export function duration(ms) {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [];
  for (const [unit, size] of [['d', 86_400], ['h', 3600], ['m', 60], ['s', 1]]) {
    const whole = Math.floor(seconds / size);
    seconds -= whole * size;
    if (whole > 0 || (unit === 's' && parts.length === 0)) parts.push(`${whole}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ');
}

export const clock = (ms) => new Date(ms).toLocaleTimeString('en-GB');
export const moment = (ms) =>
  `${new Date(ms).toLocaleDateString('en-CA')} ${new Date(ms).toLocaleTimeString('en-GB')}`;
export const shortId = (id) => id.slice(0, 8);

let toastTimer;
export function toast(text, isBad = false) {
  const place = document.getElementById('toasts');
  fill(place, h('div', { class: isBad ? 'toast bad' : 'toast' }, text));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => fill(place), isBad ? 8000 : 4000);
}

// A table whose rows stay where they are, with focus and selection, while their cells change.
// `columns`: {title, text(row), render?(row), kind?: 'number', 'id', 'wide', 'extra' or several, hint?(row), sort?(row)}:
// text() decides whether a cell is made anew, and render(), where there is one, makes it.
export class Table {
  #columns;
  #key;
  #open;
  #rows = new Map();
  #body = h('tbody');
  #headings;
  #order = null; // {column, down}
  #shown = [];
  #isFirst = true;
  #isLog;
  #empty;

  // `isLog`: all rows are new, so that none is marked.
  constructor({ label, columns, key, open, empty, isLog = false }) {
    this.#isLog = isLog;
    this.#columns = columns;
    this.#key = key;
    this.#open = open;
    this.#headings = columns.map((column, i) => this.#heading(column, i));
    this.#empty = h('p', { class: 'empty' }, empty);
    const table = h('table', { 'aria-label': label }, h('thead', null, h('tr', null, this.#headings)), this.#body);
    this.#body.addEventListener('click', (event) => this.#clicked(event));
    this.#body.addEventListener('keydown', (event) => this.#pressed(event));
    this.element = h('div', { class: 'table' }, table, this.#empty);
  }

  #heading(column, i) {
    const props = { scope: 'col', class: column.kind };
    if (!column.sort) return h('th', props, column.title);
    const sort = () => {
      const down = this.#order?.column === i ? !this.#order.down : column.kind === 'number';
      this.#order = { column: i, down };
      this.#headings.forEach((heading) => heading.removeAttribute('aria-sort'));
      this.#headings[i].setAttribute('aria-sort', down ? 'descending' : 'ascending');
      this.update(this.#shown);
    };
    return h('th', props, h('button', { type: 'button', class: 'sort', on: { click: sort } }, column.title));
  }

  #sorted(rows) {
    if (!this.#order) return rows;
    const { sort } = this.#columns[this.#order.column];
    const sign = this.#order.down ? -1 : 1;
    return [...rows].sort((a, b) => {
      const [left, right] = [sort(a), sort(b)];
      return left === right ? 0 : left < right ? -sign : sign;
    });
  }

  #make(row) {
    const cells = this.#columns.map((column) => h('td', { class: column.kind }));
    const line = h('tr', { tabindex: this.#open ? '-1' : null, class: this.#isFirst || this.#isLog ? null : 'new' }, cells);
    return { line, cells, texts: [], row };
  }

  #write(entry, row) {
    entry.row = row;
    this.#columns.forEach((column, i) => {
      const text = String(column.text(row));
      if (entry.texts[i] === text) return;
      entry.texts[i] = text;
      fill(entry.cells[i], column.render ? column.render(row) : text);
      const hint = column.hint?.(row);
      if (hint) entry.cells[i].title = hint;
    });
  }

  update(rows) {
    this.#shown = rows;
    const wanted = new Set(rows.map(this.#key));
    for (const [key, { line }] of this.#rows) {
      if (wanted.has(key)) continue;
      line.remove();
      this.#rows.delete(key);
    }
    let place = this.#body.firstChild;
    for (const row of this.#sorted(rows)) {
      const key = this.#key(row);
      const entry = this.#rows.get(key) ?? this.#make(row);
      this.#rows.set(key, entry);
      this.#write(entry, row);
      if (entry.line === place) place = place.nextSibling;
      else this.#body.insertBefore(entry.line, place);
    }
    if (rows.length > 0) this.#isFirst = false;
    const first = this.#body.firstChild;
    if (this.#open && first && !this.#body.querySelector('[tabindex="0"]')) first.tabIndex = 0;
    this.#empty.hidden = rows.length > 0;
  }

  // What stands there when there are no rows.
  set empty(text) {
    setText(this.#empty, text);
  }

  // The rows of another list: none of them is new.
  restart() {
    this.#isFirst = true;
    this.update([]);
  }

  select(key) {
    for (const [one, { line }] of this.#rows) {
      if (one === key) line.setAttribute('aria-selected', 'true');
      else line.removeAttribute('aria-selected');
    }
  }

  #entryOf(target) {
    const line = target.closest('tr');
    return [...this.#rows.values()].find((entry) => entry.line === line);
  }

  #clicked(event) {
    const entry = this.#entryOf(event.target);
    if (entry && this.#open && !event.target.closest('button, a')) this.#open(entry.row);
  }

  #focus(line) {
    if (!line) return;
    this.#body.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    line.tabIndex = 0;
    line.focus();
  }

  // From anywhere in the page: the next row, or the one before.
  move(step) {
    const line = document.activeElement.closest?.('tbody tr');
    if (!line || !this.#body.contains(line)) return this.#focus(this.#body.querySelector('[tabindex="0"]'));
    this.#focus(step > 0 ? line.nextElementSibling : line.previousElementSibling);
  }

  #pressed(event) {
    if (event.target.closest('button, a') || !this.#open) return;
    const ends = { Home: this.#body.firstElementChild, End: this.#body.lastElementChild };
    if (event.key === 'Enter') this.#open(this.#entryOf(event.target).row);
    else if (event.key in ends) this.#focus(ends[event.key]);
    else if (event.key === 'ArrowDown') this.move(1);
    else if (event.key === 'ArrowUp') this.move(-1);
    else return;
    event.preventDefault();
  }
}
