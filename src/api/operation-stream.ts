// The answer to an operation on many, to who takes lines: how far it is, again and again, and what it came to.
//
// An operation that was begun goes on when whoever asked has left: it is the server's, and can be said again.

import type { FastifyReply } from 'fastify';
import type { OperationResult } from '../engine/operations/operation-options.js';
import type { Service } from './app.js';
import type { OperationLine, OperationResult as Told } from './schema/operations.js';
import { mediaTypes } from './schema/protocol.js';
import { toldProblem } from './told-problem.js';

/** Progress is told at most so often, ms; whether there is none is looked at so often, so that it is told within twice that. */
const leastMs = 100;
const mostMs = 1_000;

export function wantsLines({
  headers: { accept = '' },
}: {
  readonly headers: { readonly accept?: string | undefined };
}): boolean {
  return accept.split(',').some(each => each.trim().split(';')[0]!.trim().toLowerCase() === mediaTypes.lines);
}

/**
 * Answer with lines.
 *
 * @throws what `work` throws before anything has been written: that has a status of its own
 */
export async function answerInLines(
  { clock, ids, failed }: Service,
  reply: FastifyReply,
  work: (onProgress: (progress: OperationResult) => void) => Promise<Told>,
): Promise<FastifyReply> {
  const { raw } = reply;
  let last = { contexts: 0, segments: 0 };
  let saidMs = clock.monotonicMs();
  let hasBegun = false;
  const write = (line: OperationLine): void => {
    if (!hasBegun) {
      hasBegun = true;
      reply.hijack();
      raw.on('error', () => undefined);
      raw.writeHead(200, { 'content-type': mediaTypes.lines, 'cache-control': 'no-store' });
    }
    if (!raw.destroyed) raw.write(`${JSON.stringify(line)}\n`);
  };
  const tell = (everyMs: number): void => {
    // Who does not read is told less.
    if (clock.monotonicMs() - saidMs < everyMs || raw.writableNeedDrain) return;
    saidMs = clock.monotonicMs();
    write({ progress: last });
  };
  let isOver = false;
  const keepAlive = (): void => {
    if (isOver) return;
    tell(mostMs);
    clock.setTimer(mostMs, keepAlive).unref();
  };
  clock.setTimer(mostMs, keepAlive).unref();
  try {
    write({
      done: await work(({ contexts, segments }) => {
        last = { contexts, segments };
        tell(leastMs);
      }),
    });
  } catch (error) {
    if (!hasBegun) throw error;
    write({ problem: toldProblem({ ids, failed }, error) });
  } finally {
    isOver = true;
  }
  raw.end();
  return reply;
}
