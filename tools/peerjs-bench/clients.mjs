// WebSocket clients that cost little: frames are made once, and masked with zero.
import { connect } from 'node:net';

const kKey = 'dGhlIHNhbXBsZSBub25jZQ=='; // the example of RFC 6455, 1.3

// A text as a client's frame.
export function frame(text) {
  const payload = Buffer.from(text);
  const length = payload.length;
  const head = length < 126 ? [0x81, 0x80 | length] : [0x81, 0xfe, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

// One client. `onText` is called with each text, as bytes, and what is written there goes out in one go; `ready` resolves after the upgrade, `ended` at the end.
export class Client {
  onText = () => {};
  #rest = null;
  #upgraded = false;

  constructor(port, path) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${kKey}\r\n\r\n`,
    );
    this.ready = new Promise((resolve, reject) => {
      this.open = resolve;
      this.socket.once('error', reject);
    });
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('data', (bytes) => {
      this.socket.cork();
      this.#take(bytes);
      this.socket.uncork();
    });
  }

  // The next text.
  next() {
    return new Promise((resolve) => {
      this.onText = (bytes) => {
        this.onText = () => {};
        resolve(bytes.toString());
      };
    });
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  // Says goodbye; the server closes the connection.
  close() {
    this.socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
    return this.ended;
  }

  destroy() {
    this.socket.destroy();
    return this.ended;
  }

  #take(bytes) {
    let data = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes;
    this.#rest = null;
    if (!this.#upgraded) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) return void (this.#rest = data);
      if (!data.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) throw new Error(data.toString());
      this.#upgraded = true;
      this.open();
      data = data.subarray(end + 4);
    }
    while (data.length >= 2) {
      const short = data[1] & 127;
      if (short === 127) throw new Error('a frame above 64 KB');
      if (short === 126 && data.length < 4) break;
      const start = short === 126 ? 4 : 2;
      const end = start + (short === 126 ? data.readUInt16BE(2) : short);
      if (data.length < end) break;
      const kind = data[0] & 15;
      if (kind === 1) this.onText(data.subarray(start, end));
      if (kind === 8) this.socket.end();
      if (kind === 9) this.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
      data = data.subarray(end);
    }
    if (data.length > 0) this.#rest = Buffer.from(data);
  }
}
