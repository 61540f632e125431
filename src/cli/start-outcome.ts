// A start that somebody may interrupt: it may wait for a queue that is away, and what it fails with then is told all the same.

import { EngineError } from '../observe/errors.js';

export interface StartOutcome {
  /** `false`: it was to stop before. */
  readonly isStarted: boolean;
  /** What the start failed with in the end; `null`: nothing, or that it was stopped. Never rejects. */
  readonly ended: Promise<Error | null>;
}

/**
 * Start, and wait for that or until a stop is asked for.
 *
 * @throws what the start fails with before
 */
export async function startedUnless(start: () => Promise<void>, asked: Promise<void>): Promise<StartOutcome> {
  const ended = start().then(() => null, asError);
  const first = await Promise.race([ended, asked.then(() => 'asked' as const)]);
  if (first instanceof Error) throw first;
  return { isStarted: first === null, ended: ended.then(error => (isOfStop(error) ? null : error)) };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isOfStop(error: Error | null): boolean {
  return error instanceof EngineError && error.code === 'ENGINE_STOPPED';
}
