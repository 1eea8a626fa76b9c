// Timers that go by the word of a test. What Node itself waits for goes on: only the global functions are replaced.
const kReal = { setTimeout, clearTimeout, setInterval, clearInterval };

export class FakeTimers {
  #now = 0;
  #last = 0;
  #timers = new Map();

  // From now on timers are made here, until restore().
  install() {
    const add = (run, delay, every) => {
      const id = ++this.#last;
      this.#timers.set(id, { run, due: this.#now + delay, every });
      return id;
    };
    const remove = (id) => {
      if (!this.#timers.delete(id)) kReal.clearTimeout(id);
    };
    globalThis.setTimeout = (run, delay = 0) => add(run, delay);
    globalThis.setInterval = (run, delay) => add(run, delay, delay);
    globalThis.clearTimeout = globalThis.clearInterval = remove;
  }

  restore() {
    Object.assign(globalThis, kReal);
    this.#timers.clear();
  }

  tick(milliseconds) {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter(([, { due }]) => due <= end).sort(([, a], [, b]) => a.due - b.due);
      if (!next) break;
      const [id, timer] = next;
      this.#now = timer.due;
      if (timer.every === undefined) this.#timers.delete(id);
      else timer.due += timer.every;
      timer.run();
    }
    this.#now = end;
  }
}
