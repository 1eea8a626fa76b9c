// A stack that runs functions in a process of its own: @roamhq/wrtc may crash where its process ends
// (0.10.0), which must not decide about a test. As a program this file is that process.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const kFile = fileURLToPath(import.meta.url);

export class WrtcProcess {
  #calls = new Map();
  #number = 0;
  #child = fork(kFile);

  constructor() {
    this.#child.on('message', ({ number, result, failure }) => {
      const { resolve, reject } = this.#calls.get(number);
      this.#calls.delete(number);
      if (failure === undefined) resolve(result);
      else reject(new Error(failure));
    });
    this.#child.on('exit', (code, signal) => {
      const failure = new Error(`the process of @roamhq/wrtc ended: ${code ?? signal}`);
      for (const { reject } of this.#calls.values()) reject(failure);
    });
  }

  // Calls `task(...values, WebSocket, wrtc)` there.
  run(task, ...values) {
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#calls.set(number, { resolve, reject });
      this.#child.send({ number, task: task.toString(), values });
    });
  }

  close() {
    this.#child.kill('SIGKILL');
  }
}

async function serve() {
  const { default: wrtc } = await import('@roamhq/wrtc');
  const { default: WebSocket } = await import('ws');
  process.on('message', async ({ number, task, values }) => {
    try {
      const result = await new Function(`return ${task}`)()(...values, WebSocket, wrtc);
      process.send({ number, result });
    } catch (error) {
      process.send({ number, failure: error.stack });
    }
  });
}

if (process.argv[1] === kFile) await serve();
