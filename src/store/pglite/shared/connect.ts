// Connecting to the holder of a folder.

import net from 'node:net';
import type { Clock, Timer } from '../../../observe/clock.js';
import type { EngineError } from '../../../observe/errors.js';
import type { Channel } from '../channel.js';
import type { SocketPaths } from '../socket-path.js';
import type { StoreReply, StoreRequest } from '../thread-protocol.js';
import { FrameSocket } from './frame-socket.js';
import { checkAnswer, type Hello, helloBytesMax, type Terms } from './hello.js';
import { socketName } from './listener.js';
import { clientChannel } from './socket-channel.js';

export type Connected =
  | { readonly kind: 'connected'; readonly channel: Channel<StoreRequest, StoreReply> }
  /** Nobody serves the folder: its holder is gone, or has not begun. */
  | { readonly kind: 'nobody' }
  /** Somebody does, and does not answer: stopped, or far too busy. */
  | { readonly kind: 'silent' }
  /** The holder does not want us, or is none. */
  | { readonly kind: 'refused'; readonly error: EngineError };

/** A holder that does not answer a hello for so long is asked again. */
const helloMs = 5_000;

/** @param signal gives up */
export function connectToHolder(
  paths: SocketPaths,
  terms: Terms,
  clock: Clock,
  signal: AbortSignal,
): Promise<Connected> {
  return new Promise(resolve => {
    const socket = net.connect(paths.of(socketName));
    const frames = new FrameSocket(socket, helloBytesMax);
    let late: Timer | null = null;
    let failure: NodeJS.ErrnoException | null = null;
    const settle = (answer: Connected): void => {
      late?.cancel();
      signal.removeEventListener('abort', silent);
      if (answer.kind !== 'connected') frames.destroy();
      resolve(answer);
    };
    const silent = (): void => settle({ kind: 'silent' });
    late = clock.setTimer(helloMs, silent);
    signal.addEventListener('abort', silent);
    socket.on('error', error => {
      failure = error;
    });
    frames.on('close', () => settle(isNobody(failure) ? { kind: 'nobody' } : { kind: 'silent' }));
    frames.once('frame', ({ header }) => {
      try {
        checkAnswer(header);
      } catch (error) {
        return settle({ kind: 'refused', error: error as EngineError });
      }
      settle({ kind: 'connected', channel: clientChannel(frames) });
    });
    frames.send({ kind: 'hello', ...terms } satisfies Hello);
  });
}

/** Refused, or not there. Anything else (a full queue, a holder that closes) passes, or is told when it does not. */
function isNobody(error: NodeJS.ErrnoException | null): boolean {
  return error?.code === 'ECONNREFUSED' || error?.code === 'ENOENT';
}
