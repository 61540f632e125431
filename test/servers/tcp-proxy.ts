// A TCP proxy between a client and a server that does to their talk what a network does: delays it, cuts it, loses an
// answer after the server has acted, or falls silent without closing anything.

import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

interface Loss {
  readonly matches: (request: Buffer) => boolean;
  readonly lost: (reply: Buffer) => void;
  /** The connection on which the request was seen. */
  pair: Pair | null;
}

export class TcpProxy {
  readonly #target: NetConnectOpts;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #loss: Loss | null = null;
  #isDown = false;
  #isSilent = false;
  #delayMs = 0;

  private constructor(target: NetConnectOpts) {
    this.#target = target;
    this.#server = createServer(client => this.#accept(client));
  }

  /** @param target where the server listens: `{ port }` or `{ path }` */
  static start(target: NetConnectOpts): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    return new Promise((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', () => resolve(proxy));
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Close every connection; new ones are taken. */
  cut(): void {
    for (const pair of [...this.#pairs]) this.#close(pair);
  }

  /** Close every connection and refuse new ones, until `up`. */
  down(): void {
    this.#isDown = true;
    this.cut();
  }

  /** Undo `down` and `silence`. What was held back goes on. */
  up(): void {
    this.#isDown = false;
    this.#isSilent = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Half-open: nothing passes any more, and nobody is told. */
  silence(): void {
    this.#isSilent = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** Hold back everything for so long, both ways; 0 passes it on at once. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /**
   * Let the next request through for which `matches` is true, swallow what the server answers, and cut. Resolves with the
   * answer that was lost. A client that sends several requests at once loses the first answer after it.
   */
  loseReplyTo(matches: (request: Buffer) => boolean): Promise<Buffer> {
    return new Promise(resolve => {
      this.#loss = { matches, lost: resolve, pair: null };
    });
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#isDown) {
      client.destroy();
      return;
    }
    const pair = { client, server: connect(this.#target) };
    this.#pairs.add(pair);
    client.on('data', data => this.#request(pair, data));
    pair.server.on('data', data => this.#reply(pair, data));
    for (const socket of [client, pair.server]) {
      // Whatever ends one side ends the other; a side that is gone has nothing more to say.
      socket.on('error', () => this.#close(pair));
      socket.on('close', () => this.#close(pair));
      if (this.#isSilent) socket.pause();
    }
  }

  #request(pair: Pair, data: Buffer): void {
    if (this.#loss?.pair === null && this.#loss.matches(data)) this.#loss.pair = pair;
    this.#pass(pair.server, data);
  }

  #reply(pair: Pair, data: Buffer): void {
    const loss = this.#loss;
    if (loss?.pair !== pair) {
      this.#pass(pair.client, data);
      return;
    }
    this.#loss = null;
    this.#close(pair);
    loss.lost(data);
  }

  #pass(socket: Socket, data: Buffer): void {
    if (this.#delayMs === 0) socket.write(data);
    else setTimeout(() => socket.write(data), this.#delayMs);
  }

  #close(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }
}
