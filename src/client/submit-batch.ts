// One batch of instances on its way: a request, its answer line by line, and what of it must be sent again.
//
// Invariants:
//   B1. A batch with a key is stored whole or not at all, and once however often it is sent.
//   B2. Instances with given names travel without a key. What has been answered is not sent again; the rest is, when a
//       repeat answers the same (`onConflict: return`) or when nothing of it was done.

import type { AcceptedLine, AnswerLine } from '../api/schema/instances.js';
import { errorOfProblem, MillraceError } from './errors.js';
import { textLines } from './text-lines.js';
import type { Opened, Transport } from './transport.js';
import { idsFrom, mediaTypes } from './wire.js';

/** An instance as it is sent. */
export interface BatchRecord {
  readonly text: string;
  /** It has a name of its own, and what a repeat of it does. */
  readonly named: 'no' | 'repeatable' | 'once';
}

export interface Batch<Item extends BatchRecord> {
  /** `null`: its records have names. */
  readonly key: string | null;
  readonly records: readonly Item[];
}

export interface BatchOutcome {
  /** Of each record, in order; `null`: not stored, or not known to be. */
  readonly ids: readonly (string | null)[];
  /** Why not all are stored; `null`: they are. */
  readonly failure: MillraceError | null;
  /** The record to blame; `null`: none, or all are. */
  readonly culprit: number | null;
}

/** @throws the signal's reason, when it is aborted before the answer came */
export async function sendBatch<Item extends BatchRecord>(
  transport: Transport,
  { key, records }: Batch<Item>,
  signal: AbortSignal | undefined,
): Promise<BatchOutcome> {
  const ids: (string | null)[] = records.map(() => null);
  /** Positions of the records of this attempt. */
  let sent: number[] = [];
  let culprit: number | null = null;
  const body = (): string => {
    // A batch with a key is the same each time.
    sent = [...ids.keys()].filter(at => key !== null || ids[at] === null);
    const lines = sent.map(at => records[at]!.text);
    if (key !== null) lines.unshift(JSON.stringify({ batch: key, count: sent.length }));
    return `${lines.join('\n')}\n`;
  };
  const read = async (opened: Opened): Promise<void> => {
    try {
      // To its end: a connection whose answer is not read whole cannot be used again.
      for await (const line of answerLines(opened, transport.timeoutMs)) {
        if ('problem' in line) throw errorOfProblem(line.problem, opened.server.url);
        if ('first' in line) take(line, opened);
      }
    } catch (error) {
      // When all are durable it does not matter what became of the rest of the answer.
      if (ids.includes(null)) throw error;
    }
    const { url } = opened.server;
    if (ids.includes(null)) throw new MillraceError('CONNECTION_LOST', `the answer of ${url} was cut`, { url });
  };
  const take = ({ index, count, first }: AcceptedLine, opened: Opened): void => {
    for (const [at, id] of idsFrom(first, count).entries()) {
      const position = sent[index + at];
      if (position === undefined) throw notOurs(opened);
      ids[position] = id;
    }
  };
  try {
    await transport.send(
      {
        method: 'POST',
        path: '/v1/instances',
        headers: { 'content-type': mediaTypes.lines, accept: mediaTypes.lines },
        body,
        isRepeatable: key !== null || records.every(({ named }) => named === 'repeatable'),
        signal,
      },
      read,
    );
    return { ids, failure: null, culprit };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    if (error.index !== null) culprit = sent[error.index] ?? null;
    return { ids, failure: error, culprit };
  }
}

async function* answerLines(opened: Opened, withinMs: number): AsyncGenerator<AnswerLine> {
  const { response, server } = opened;
  for await (const text of textLines(response.body, () => opened.expect(withinMs))) {
    if (text === '') continue;
    try {
      yield JSON.parse(text) as AnswerLine;
    } catch (cause) {
      const { url } = server;
      throw new MillraceError('ANSWER_INVALID', `${url} answered a line that is not JSON`, { url, cause });
    }
  }
}

function notOurs({ server: { url } }: Opened): MillraceError {
  return new MillraceError('ANSWER_INVALID', `${url} answered more instances than were sent`, { url });
}
