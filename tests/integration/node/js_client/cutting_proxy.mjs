// Stands between clients and a server, and cuts connections when a test wants it: as a network does, without a word.
import { connect, createServer } from 'node:net';

export class CuttingProxy {
  #server;
  #pairs = new Set();

  static async start(port) {
    const proxy = new CuttingProxy();
    proxy.#server = createServer((client) => proxy.#join(client, connect(port, '127.0.0.1')));
    await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    proxy.url = `ws://127.0.0.1:${proxy.#server.address().port}/ws`;
    return proxy;
  }

  #join(client, server) {
    const pair = [client, server];
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.setNoDelay().on('error', end).on('close', end);
    client.pipe(server);
    server.pipe(client);
  }

  // Cuts all connections. Returns how many there were.
  cut() {
    const pairs = [...this.#pairs];
    for (const pair of pairs) {
      // A reset of a socket that is ending closes nothing in Node, and its process then spins at its end.
      for (const socket of pair) socket.writableEnded ? socket.destroy() : socket.resetAndDestroy();
    }
    return pairs.length;
  }

  close() {
    this.cut();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
