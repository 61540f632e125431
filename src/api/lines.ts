// Bytes to lines. What is complete in a chunk is decoded at once: per line it would cost more than parsing it.

import { limits } from './schema/protocol.js';

export type LinesFault = 'too-long' | 'not-utf8';

export interface Lines {
  readonly lines: readonly string[];
  /** What is wrong with the line behind `lines`; nothing behind it is read. */
  readonly fault: LinesFault | null;
}

const newline = 0x0a;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

export class LineReader {
  /** Bytes of the line that has not ended. */
  #rest: Buffer[] = [];
  #restBytes = 0;

  push(chunk: Buffer): Lines {
    const end = chunk.lastIndexOf(newline);
    if (end < 0) {
      this.#keep(chunk);
      return { lines: [], fault: this.#restBytes > limits.bodyBytesMax ? 'too-long' : null };
    }
    const whole =
      this.#restBytes === 0 ? chunk.subarray(0, end) : Buffer.concat([...this.#rest, chunk.subarray(0, end)]);
    this.#rest = [];
    this.#restBytes = 0;
    this.#keep(chunk.subarray(end + 1));
    const read = linesOf(whole);
    return read.fault === null && this.#restBytes > limits.bodyBytesMax ? { ...read, fault: 'too-long' } : read;
  }

  /** The last line, which need not be ended. */
  end(): Lines {
    return this.#restBytes === 0 ? { lines: [], fault: null } : linesOf(Buffer.concat(this.#rest));
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
  }
}

function linesOf(bytes: Buffer): Lines {
  const lines = decoded(bytes)?.split('\n') ?? linesBeforeFault(bytes);
  const isUtf8 = Array.isArray(lines);
  const all = isUtf8 ? lines : lines.before;
  const tooLong = all.findIndex(line => line.length > limits.bodyBytesMax);
  if (tooLong >= 0) return { lines: all.slice(0, tooLong), fault: 'too-long' };
  return { lines: all, fault: isUtf8 ? null : 'not-utf8' };
}

function decoded(bytes: Buffer): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function linesBeforeFault(bytes: Buffer): { readonly before: string[] } {
  const before: string[] = [];
  for (let from = 0; from <= bytes.length; ) {
    const found = bytes.indexOf(newline, from);
    const to = found < 0 ? bytes.length : found;
    const line = decoded(bytes.subarray(from, to));
    if (line === null) break;
    before.push(line);
    from = to + 1;
  }
  return { before };
}
