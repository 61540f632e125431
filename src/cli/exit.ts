// How a command ends: the exit codes, and what is printed of an error. Stacks are printed for our own faults only.

import { EngineError, type ErrorCode } from '../observe/errors.js';

export const exitCodes = {
  done: 0,
  /** The work was accepted, and some of it failed. */
  failed: 1,
  /**
   * Nothing was done: a bad definition, input, option or target, a folder that is in use, or a server that is not there. One
   * exception: an input too large to be checked beforehand, or a record a server refuses, whose instances before the
   * fault were stored.
   */
  refused: 2,
  /** 128 and the number of the signal, as shells have it. `SIGPIPE`: whoever read our output has left. */
  interrupted: { SIGINT: 130, SIGTERM: 143, SIGPIPE: 141 },
} as const;

/** Told by a command when it is done. */
export type Ended = (code: number) => void;

/** Something the user gave cannot be used; what is printed is one line a fault. */
export class Refusal extends Error {
  override name = 'Refusal';
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}

/** Something broke on the way; what was asked may or may not have been done. */
export class Failure extends Error {
  override name = 'Failure';
  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}

/** Codes that say that something broke on the way, not that what was asked is wrong. */
const failures: ReadonlySet<ErrorCode> = new Set([
  'STORE_FAILED',
  'STORE_UNAVAILABLE',
  'QUEUE_LOST',
  'QUEUE_UNAVAILABLE',
  'OPERATION_CONTENDED',
  'ENGINE_STOPPED',
  'ENGINE_DISPOSED',
]);

export function codeOfError(error: unknown): number {
  if (error instanceof Refusal) return exitCodes.refused;
  return error instanceof EngineError && !failures.has(error.code) ? exitCodes.refused : exitCodes.failed;
}

export function linesOfError(error: unknown): readonly string[] {
  if (error instanceof Refusal) return error.lines;
  if (error instanceof EngineError && error.lines !== null) return error.lines;
  // `CODE: message`, one line.
  if (error instanceof EngineError || error instanceof Failure) return [error.message.replace(/\s*\n\s*/g, ' ')];
  return [`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
}
