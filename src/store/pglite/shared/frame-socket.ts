// Frames over a socket, both ways.
//
// Invariants:
//   O1. What comes in is bounded (R1), and half a frame is not waited for for ever.
//   O2. What goes out and is not read by the other side is told by `isFull`, until `drain`.
//   O3. After `close` everything given before is still delivered, if the other side reads it in time; nothing is taken.
//   O4. Whoever sends what cannot be taken is told why before the end, so that its `close` can say so.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { systemClock } from '../../../observe/clock.js';
import { type Frame, FrameReader, frameHead, isRecord, ProtocolError } from './frames.js';

/** Nothing came for so long in the middle of a frame: the rest is not coming. */
const halfFrameMsByDefault = 30_000;
/** How long what was given before a close may take. */
const lingerMs = 2_000;

interface FrameEvents {
  frame: [Frame];
  drain: [];
  /** Once, at the end, with what was wrong with what came in. */
  close: [ProtocolError | null];
}

export class FrameSocket extends EventEmitter<FrameEvents> {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  #fault: ProtocolError | null = null;
  #isClosing = false;

  constructor(socket: Socket, frameBytesMax: number, halfFrameMs = halfFrameMsByDefault) {
    super();
    this.#socket = socket;
    this.#reader = new FrameReader(frameBytesMax);
    socket.on('data', (chunk: Buffer) => {
      if (this.#isClosing) return;
      this.#reader.push(chunk);
      this.#read();
    });
    socket.on('drain', () => this.emit('drain'));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.emit('close', this.#fault));
    socket.setTimeout(halfFrameMs, () => {
      if (this.#reader.isInside && !socket.isPaused()) this.#fail(new ProtocolError('half a frame, and no more'));
    });
  }

  /** Largest frame that is taken, from now on. */
  set frameBytesMax(bytes: number) {
    this.#reader.frameBytesMax = bytes;
  }

  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  send(header: unknown, bytes?: Uint8Array): void {
    if (this.#isClosing || this.#socket.destroyed) return; // whoever waits for an answer is told by 'close'
    this.#socket.cork();
    this.#socket.write(frameHead(header, bytes));
    if (bytes !== undefined && bytes.length > 0) this.#socket.write(bytes);
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#socket.isPaused() || this.#isClosing) return;
    this.#socket.resume();
    // Frames that were whole when it was paused.
    this.#read();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  /** O3. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const late = systemClock.setTimer(lingerMs, () => this.#socket.destroy()).unref();
    this.#socket.once('close', () => late.cancel());
    this.#socket.end(() => this.#socket.destroy());
  }

  /** At once, whatever is on its way. */
  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(): void {
    try {
      while (!this.#isClosing && !this.#socket.isPaused()) {
        const frame = this.#reader.next();
        if (frame === null) return;
        const reason = reasonOf(frame);
        if (reason !== null) throw new ProtocolError(reason);
        this.emit('frame', frame);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error);
    }
  }

  #fail(fault: ProtocolError): void {
    this.#fault = fault;
    this.send({ kind: 'fault', message: fault.message }); // O4
    this.close();
  }
}

/** What the other side could not take, if that is what a frame says. */
function reasonOf({ header }: Frame): string | null {
  return isRecord(header) && header.kind === 'fault' ? String(header.message) : null;
}
