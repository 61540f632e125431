// A channel of the store over a socket: what `frame-socket.ts` carries, as messages.

import { EventEmitter } from 'node:events';
import type { Channel } from '../channel.js';
import type { ForeignChannel } from '../store-server.js';
import type { StoreReply, StoreRequest } from '../thread-protocol.js';
import type { FrameSocket } from './frame-socket.js';
import type { Frame } from './frames.js';
import { frameBytesMax, joinReply, RequestReader, splitReply, splitRequest } from './messages.js';

interface ChannelEvents<In> {
  message: [In];
  drain: [];
  close: [string?];
}

/** How messages of the two directions are made from frames, and frames from them. */
interface Codec<Out, In> {
  split(message: Out): Frame;
  join(frame: Frame): In;
}

class SocketChannel<Out, In> extends EventEmitter<ChannelEvents<In>> implements Channel<Out, In> {
  readonly #frames: FrameSocket;
  readonly #codec: Codec<Out, In>;

  /** @param frames on which both sides have agreed */
  constructor(frames: FrameSocket, codec: Codec<Out, In>) {
    super();
    this.#frames = frames;
    this.#codec = codec;
    frames.frameBytesMax = frameBytesMax;
    frames.removeAllListeners();
    frames.on('frame', frame => this.emit('message', codec.join(frame)));
    frames.on('drain', () => this.emit('drain'));
    frames.on('close', fault => (fault === null ? this.emit('close') : this.emit('close', fault.message)));
  }

  get isFull(): boolean {
    return this.#frames.isFull;
  }

  postMessage(message: Out): void {
    const { header, bytes } = this.#codec.split(message);
    this.#frames.send(header, bytes);
  }

  pause(): void {
    this.#frames.pause();
  }

  resume(): void {
    this.#frames.resume();
  }

  ref(): void {
    this.#frames.ref();
  }

  unref(): void {
    this.#frames.unref();
  }

  close(): void {
    this.#frames.close();
  }
}

/** The client's end. */
export function clientChannel(frames: FrameSocket): Channel<StoreRequest, StoreReply> {
  return new SocketChannel<StoreRequest, StoreReply>(frames, { split: splitRequest, join: joinReply });
}

/** The holder's end. @param texts see `RequestReader` */
export function holderChannel(frames: FrameSocket, texts: Map<string, string>): ForeignChannel {
  const reader = new RequestReader(texts);
  return new SocketChannel<StoreReply, StoreRequest>(frames, { split: splitReply, join: frame => reader.read(frame) });
}
