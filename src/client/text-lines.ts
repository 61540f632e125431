// Lines of a body, as they come.

import { MillraceError } from './errors.js';

/** Longer than any line the service writes but an event with its data. */
const lineLengthMax = 16_777_216;

/**
 * @param came told of each chunk
 * @throws what reading throws; MillraceError `ANSWER_INVALID` when a line has no end
 */
export async function* textLines(body: ReadableStream<Uint8Array> | null, came: () => void): AsyncGenerator<string> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      came();
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop()!;
      yield* lines;
      if (rest.length > lineLengthMax) {
        throw new MillraceError('ANSWER_INVALID', `a line of the answer has more than ${lineLengthMax} characters`);
      }
    }
    // A last line without its end was cut.
  } finally {
    reader.cancel().catch(() => undefined); // it is over already when this fails
  }
}
