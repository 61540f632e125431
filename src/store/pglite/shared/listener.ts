// The socket on which the holder of a folder serves other processes of its machine, in the store's thread.
//
// Invariants:
//   N1. Under its name the socket is always one that its owner alone may connect to: it is made under another name, its
//       mode is set, and it is renamed. What a dead holder left is replaced, or removed.
//   N2. Whoever connects and says nothing, or no hello, is gone after a moment; there is room for a bounded number.

import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import { type Clock, systemClock } from '../../../observe/clock.js';
import { SocketPaths } from '../socket-path.js';
import type { ForeignChannel } from '../store-server.js';
import { FrameSocket } from './frame-socket.js';
import { answerTo, helloBytesMax, type Terms } from './hello.js';
import { holderChannel } from './socket-channel.js';

/** The socket's name in the folder. (`millrace.sock.<uuid>` are those of the lock.) */
export const socketName = 'millrace.sock.store';

const draftPrefix = 'millrace.sock.draft.';

/** Connections at once, before and after their hello. */
const connectionsMax = 64;
const helloMs = 5_000;

export class SocketListener {
  readonly #server: net.Server;
  readonly #paths: SocketPaths;

  private constructor(server: net.Server, paths: SocketPaths) {
    this.#server = server;
    this.#paths = paths;
  }

  /**
   * @param folder whose lock this process holds
   * @param accept is handed each client that agrees to the terms
   */
  static async open(
    folder: string,
    terms: Terms,
    accept: (channel: ForeignChannel) => void,
    clock: Clock = systemClock,
  ): Promise<SocketListener> {
    const paths = new SocketPaths(folder);
    const texts = new Map<string, string>();
    const server = net.createServer(socket => {
      const frames = new FrameSocket(socket, helloBytesMax);
      const late = clock.setTimer(helloMs, () => frames.destroy()).unref(); // N2
      frames.on('close', () => late.cancel());
      frames.once('frame', ({ header }) => {
        late.cancel();
        const answer = answerTo(header, terms);
        if (answer === null) return frames.destroy();
        frames.send(answer);
        if (answer.kind === 'welcome') accept(holderChannel(frames, texts));
        else frames.close();
      });
    });
    server.maxConnections = connectionsMax;
    try {
      for (const name of fs.readdirSync(folder)) {
        if (name.startsWith(draftPrefix)) fs.rmSync(paths.of(name), { force: true });
      }
      await listen(server, paths);
      return new SocketListener(server, paths);
    } catch (error) {
      server.close();
      paths.close();
      throw error;
    }
  }

  /** Nobody can connect from now on; who is connected stays. */
  close(): void {
    this.#server.close();
    fs.rmSync(this.#paths.of(socketName), { force: true });
    this.#paths.close();
  }
}

/** N1. */
function listen(server: net.Server, paths: SocketPaths): Promise<void> {
  const draft = paths.of(`${draftPrefix}${randomUUID()}`);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: in a worker of a cluster the primary would make the socket.
    server.listen({ path: draft, exclusive: true }, () => {
      try {
        fs.chmodSync(draft, 0o600);
        fs.renameSync(draft, paths.of(socketName));
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
}
