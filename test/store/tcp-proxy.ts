// A TCP proxy that fails the way networks do: it cuts, swallows what the server says, or stands still.

import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';

export interface TcpProxy {
  readonly port: number;
  /** Connections that are open. */
  readonly open: number;
  /** From now on what the server says is thrown away; resolves when it has said something after `said` was sent to it. */
  swallowAnswerTo(said: string): Promise<void>;
  /** Neither direction moves, and nothing is closed, until `cut`. */
  standStill(): void;
  /** Close all connections without a goodbye, and pass on what comes on new ones. */
  cut(): void;
}

/** @param target where it leads to: a path of a unix socket, or a port of this machine */
export async function startTcpProxy(target: string | number): Promise<TcpProxy> {
  const pairs = new Set<readonly [client: net.Socket, server: net.Socket]>();
  let trigger: { said: Buffer; resolve: () => void } | null = null;
  let isStill = false;
  const listener = net.createServer({ noDelay: true }, client => {
    const server = typeof target === 'string' ? net.connect(target) : net.connect(target, '127.0.0.1');
    const pair = [client, server] as const;
    pairs.add(pair);
    let isSwallowing = false;
    let told: (() => void) | null = null;
    client.on('data', chunk => {
      if (trigger !== null && chunk.includes(trigger.said)) {
        told = trigger.resolve;
        isSwallowing = true;
        trigger = null;
      }
      server.write(chunk);
    });
    server.on('data', chunk => {
      if (!isSwallowing) client.write(chunk);
      told?.();
      told = null;
    });
    for (const [socket, other] of [pair, [server, client]] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
    if (isStill) for (const socket of pair) socket.pause();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = (): void => {
    isStill = false;
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    listener.close();
  });
  return {
    port: (listener.address() as net.AddressInfo).port,
    get open() {
      return pairs.size;
    },
    swallowAnswerTo: said => new Promise(resolve => (trigger = { said: Buffer.from(said), resolve })),
    standStill() {
      isStill = true;
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    cut,
  };
}
