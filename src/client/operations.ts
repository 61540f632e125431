// An operation as a call: it may take longer than an answer is waited for, so its server tells again and again how far it is.

import type { Operation, OperationLine, OperationProgress, OperationResult } from '../api/schema/operations.js';
import { errorOfProblem, MillraceError } from './errors.js';
import { textLines } from './text-lines.js';
import type { Opened, Transport } from './transport.js';
import { mediaTypes } from './wire.js';

/** @throws MillraceError; the signal's reason */
export async function operate(
  transport: Transport,
  operation: Operation,
  asked: { readonly target: string },
  signal: AbortSignal | undefined,
  onProgress: ((progress: OperationProgress) => void) | undefined,
): Promise<OperationResult> {
  const body = JSON.stringify(asked);
  const call = {
    method: 'POST',
    path: `/v1/operations/${operation}`,
    headers: { 'content-type': mediaTypes.json, accept: mediaTypes.lines },
    body: () => body,
    isRepeatable: true,
    signal,
  } as const;
  return transport.send(call, async opened => {
    for await (const line of linesOf(opened, transport.timeoutMs)) {
      if ('done' in line) return line.done;
      if ('problem' in line) throw errorOfProblem(line.problem, opened.server.url);
      onProgress?.(line.progress);
    }
    const { url } = opened.server;
    throw new MillraceError('CONNECTION_LOST', `the answer of ${url} was cut`, { url });
  });
}

async function* linesOf({ response, server, expect }: Opened, withinMs: number): AsyncGenerator<OperationLine> {
  for await (const text of textLines(response.body, () => expect(withinMs))) {
    try {
      yield JSON.parse(text) as OperationLine;
    } catch (cause) {
      const { url } = server;
      throw new MillraceError('ANSWER_INVALID', `${url} answered a line that is not JSON`, { url, cause });
    }
  }
}
