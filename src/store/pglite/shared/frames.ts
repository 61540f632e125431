// Frames: how messages are told apart in the stream of a socket.
//
//   length of the rest (4 bytes) | length of the header (4 bytes) | header, JSON in UTF-8 | bytes
//
// Both lengths are unsigned, big end first. Statements' parameters and rows travel in `bytes`, as they are.
//
// Invariants:
//   R1. A frame that says it is longer than the bound is refused when its length is read: nothing is reserved for it.
//   R2. Memory is held for what has arrived, never for what was announced.

/** What came over a socket is not what this version sends: the connection is of no further use. */
export class ProtocolError extends Error {
  override name = 'ProtocolError';
}

export interface Frame {
  readonly header: unknown;
  readonly bytes: Uint8Array;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const lengthBytes = 4;
const nothing = new Uint8Array(0);

/** The beginning of a frame, to be followed by `bytes`. */
export function frameHead(header: unknown, bytes: Uint8Array = nothing): Buffer {
  const text = JSON.stringify(header);
  const size = Buffer.byteLength(text, 'utf8');
  const head = Buffer.allocUnsafe(2 * lengthBytes + size);
  head.writeUInt32BE(lengthBytes + size + bytes.length, 0);
  head.writeUInt32BE(size, lengthBytes);
  head.write(text, 2 * lengthBytes, 'utf8');
  return head;
}

export class FrameReader {
  /** Largest frame, bytes. It may be raised once it is known who is at the other end. */
  frameBytesMax: number;
  #chunks: Buffer[] = [];
  #held = 0;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Part of a frame is here. */
  get isInside(): boolean {
    return this.#held > 0;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
  }

  /**
   * The next frame that is whole, or `null`.
   *
   * @throws {ProtocolError} when it is too long, or no frame
   */
  next(): Frame | null {
    if (this.#held < lengthBytes) return null;
    const rest = this.#peek(lengthBytes).readUInt32BE(0);
    if (rest > this.frameBytesMax) {
      throw new ProtocolError(`a frame of ${rest} bytes; at most ${this.frameBytesMax} are taken`);
    }
    if (rest < lengthBytes) throw new ProtocolError('a frame without a header');
    if (this.#held < lengthBytes + rest) return null;
    const frame = this.#take(lengthBytes + rest);
    const headerEnd = 2 * lengthBytes + frame.readUInt32BE(lengthBytes);
    if (headerEnd > frame.length) throw new ProtocolError('a header longer than its frame');
    return { header: parsed(frame.toString('utf8', 2 * lengthBytes, headerEnd)), bytes: viewOf(frame, headerEnd) };
  }

  /** The first bytes; they stay. */
  #peek(size: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= size) return first;
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }

  #take(size: number): Buffer {
    const whole = this.#peek(size);
    this.#held -= size;
    if (whole.length === size) this.#chunks.shift();
    else this.#chunks[0] = whole.subarray(size);
    return whole.subarray(0, size);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ProtocolError(`a header that is no JSON: ${(error as Error).message}`);
  }
}

/** No Buffer: the `slice` of one does not copy, and decoders rely on it. */
function viewOf(frame: Buffer, from: number): Uint8Array {
  return new Uint8Array(frame.buffer, frame.byteOffset + from, frame.length - from);
}
