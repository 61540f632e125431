// Bytes to text without guessing: what is not UTF-8 is refused at its place, not replaced.

/** Thrown right behind the text that was fine. */
export class NotUtf8 extends Error {
  override name = 'NotUtf8';
  constructor() {
    super('holds a byte that is not UTF-8');
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of a stream of bytes, without its byte-order mark. @throws NotUtf8 after giving out what stands before */
export async function* textOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  let tail: Uint8Array = new Uint8Array();
  let isFirst = true;
  for await (const chunk of chunks) {
    const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    const cut = bytes.length - unfinishedBytes(bytes);
    tail = bytes.subarray(cut);
    const { text, isWhole } = wholeText(bytes.subarray(0, cut));
    if (text !== '') {
      yield isFirst ? withoutMark(text) : text;
      isFirst = false;
    }
    if (!isWhole) throw new NotUtf8();
  }
  if (tail.length > 0) throw new NotUtf8();
}

/** The text of some bytes, or of those before the first that is not UTF-8. */
export function wholeText(bytes: Uint8Array): { readonly text: string; readonly isWhole: boolean } {
  try {
    return { text: decoder.decode(bytes), isWhole: true };
  } catch {
    return { text: decoder.decode(bytes.subarray(0, fineBytes(bytes))), isWhole: false };
  }
}

export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** Length of the longest part from the start that is UTF-8, by halving. */
function fineBytes(bytes: Uint8Array): number {
  let fine = 0;
  let bad = bytes.length + 1;
  while (bad - fine > 1) {
    const middle = (fine + bad) >>> 1;
    if (isUtf8SoFar(bytes.subarray(0, middle))) fine = middle;
    else bad = middle;
  }
  return fine - unfinishedBytes(bytes.subarray(0, fine));
}

function isUtf8SoFar(bytes: Uint8Array): boolean {
  try {
    // A decoder of its own: one that streams remembers.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Bytes at the end that begin a character and do not finish it. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? back : 0;
  }
  return 0;
}
