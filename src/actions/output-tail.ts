// The last part of what a process has written, however much it was: 500,000 bytes, as JSON text too.

const bytesMax = 500_000;
const bytesAtFirst = 8_192;

export class OutputTail {
  #ring = Buffer.alloc(0);
  #total = 0;

  add(chunk: Buffer): void {
    if (chunk.length > bytesMax) {
      this.#total += chunk.length - bytesMax;
      this.add(chunk.subarray(chunk.length - bytesMax));
      return;
    }
    this.#makeRoomFor(chunk.length);
    const at = this.#total % this.#ring.length;
    const copied = chunk.copy(this.#ring, at);
    chunk.copy(this.#ring, 0, copied);
    this.#total += chunk.length;
  }

  /** Valid text, without NUL; what is no UTF-8 has become U+FFFD. */
  end(): { readonly text: string; readonly isTruncated: boolean } {
    const isTruncated = this.#total > this.#ring.length;
    const decoded = decodedTail(this.#inOrder(), isTruncated).replaceAll('\0', '\ufffd');
    const text = fitting(decoded);
    return { text, isTruncated: isTruncated || text.length < decoded.length };
  }

  #inOrder(): Buffer {
    const { length } = this.#ring;
    if (this.#total <= length) return this.#ring.subarray(0, this.#total);
    const at = this.#total % length;
    return Buffer.concat([this.#ring.subarray(at), this.#ring.subarray(0, at)]);
  }

  /** It doubles until it is as large as it may be; until then nothing has been dropped, and all of it is in order. */
  #makeRoomFor(bytes: number): void {
    let { length } = this.#ring;
    if (length === bytesMax || this.#total + bytes <= length) return;
    while (length < this.#total + bytes) length = Math.max(bytesAtFirst, length * 2);
    const grown = Buffer.alloc(Math.min(bytesMax, length));
    this.#ring.copy(grown, 0, 0, this.#total);
    this.#ring = grown;
  }
}

/** Without the rest of a character that was cut. */
function decodedTail(bytes: Buffer, isCut: boolean): string {
  let from = 0;
  if (isCut) while (from < 3 && (bytes[from]! & 0b1100_0000) === 0b1000_0000) from++;
  return bytes.toString('utf8', from);
}

/** The last part of the text whose JSON has no more bytes than that. */
function fitting(text: string): string {
  if (text.length * 6 <= bytesMax || Buffer.byteLength(JSON.stringify(text)) <= bytesMax) return text;
  let from = text.length;
  for (let bytes = 2; from > 0; ) {
    const width = from > 1 && text.codePointAt(from - 2)! > 0xffff ? 2 : 1;
    bytes += Buffer.byteLength(JSON.stringify(text.slice(from - width, from))) - 2;
    if (bytes > bytesMax) break;
    from -= width;
  }
  return text.slice(from);
}
