// The one error of the client: what a server refused, or why none answered.

import type { Problem, ProblemCode } from '../api/schema/problem.js';

/** Codes of the client itself, beside those of the service. */
export const clientCodes = {
  UNREACHABLE: 'no server could be reached; nothing was done',
  CONNECTION_LOST: 'the answer was lost; whether it was done is not known',
  DEADLINE_PASSED: 'it had not ended within the time',
  ANSWER_INVALID: 'what answered is no Millrace service',
  PENDING_TOO_MANY: 'more calls wait than a client holds; nothing was done',
} as const;

export type ClientCode = keyof typeof clientCodes;
export type MillraceErrorCode = ProblemCode | ClientCode;

type Fault = Problem['faults'];

export interface MillraceErrorFields {
  /** HTTP status; absent when no server answered. */
  readonly status?: number | undefined;
  /** The server that was asked last. */
  readonly url?: string | undefined;
  /** The same may succeed there after so long. */
  readonly retryAfterMs?: number | undefined;
  /** The record to blame, from 0, among those of the call (`submit`, `submitMany`). */
  readonly index?: number | undefined;
  /** All faults of a definition. */
  readonly faults?: Fault | undefined;
  readonly cause?: unknown;
}

/** A fault with a stable code; the message is `CODE: detail`. What is aborted rejects with the signal's reason instead. */
export class MillraceError extends Error {
  override name = 'MillraceError';
  readonly status: number | null;
  readonly url: string | null;
  readonly retryAfterMs: number | null;
  readonly index: number | null;
  readonly faults: NonNullable<Fault>;

  constructor(
    readonly code: MillraceErrorCode,
    /** What, where and with which value, for people. */
    readonly detail: string,
    fields: MillraceErrorFields = {},
  ) {
    super(`${code}: ${detail}`, fields.cause === undefined ? {} : { cause: fields.cause });
    this.status = fields.status ?? null;
    this.url = fields.url ?? null;
    this.retryAfterMs = fields.retryAfterMs ?? null;
    this.index = fields.index ?? null;
    this.faults = fields.faults ?? [];
  }

  /** The same fault, of another record and in other words. */
  at(index: number | null, detail: string): MillraceError {
    const { code, status, url, retryAfterMs, faults } = this;
    return new MillraceError(code, detail, {
      status: status ?? undefined,
      url: url ?? undefined,
      retryAfterMs: retryAfterMs ?? undefined,
      index: index ?? undefined,
      faults,
      cause: this,
    });
  }
}

export function errorOfProblem(problem: Problem, url: string): MillraceError {
  const { code, detail, status, retryAfterMs, index, faults } = problem;
  return new MillraceError(code, detail, { status, url, retryAfterMs, index, faults });
}

export function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, detail, status } = value as Partial<Record<keyof Problem, unknown>>;
  return typeof code === 'string' && typeof detail === 'string' && typeof status === 'number';
}
