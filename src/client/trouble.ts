// What an attempt that failed means: whether anything was done, and whether the same may be asked again.

import { MillraceError } from './errors.js';

/**
 * `refused`: the answer is final. `undone`: nothing was done, so anything may be asked again, here or elsewhere.
 * `unknown`: it may have been done, so only what may be repeated is asked again.
 */
export type TroubleKind = 'refused' | 'undone' | 'unknown';

export interface Trouble {
  readonly kind: TroubleKind;
  readonly error: MillraceError;
  /** The server is well and has no room for this call: others may go there. */
  readonly isOfCall: boolean;
}

/** Codes of `fetch` in Node that say that no connection was made. A browser tells nothing. */
const unconnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Refusals of a service that do not know whether what it was asked is stored: see `api/schema/protocol.ts`. */
const unsure: ReadonlySet<string> = new Set(['STORE_FAILED', 'ENGINE_STOPPED']);

/** Refusals with a time that say nothing of other calls: a bound of one kind of call, a target that keeps changing. */
const ofCall: ReadonlySet<string> = new Set(['OVERLOADED', 'OPERATION_CONTENDED']);

/** Of what a server answered. */
export function troubleOf(error: MillraceError): Trouble {
  const isOfCall = error.retryAfterMs !== null && ofCall.has(error.code);
  if (error.code === 'CONNECTION_LOST') return { kind: 'unknown', error, isOfCall };
  if (error.status === 429 || error.status === 503) {
    return { kind: unsure.has(error.code) ? 'unknown' : 'undone', error, isOfCall };
  }
  return { kind: 'refused', error, isOfCall };
}

/** Of what `fetch`, or reading its answer, threw. */
export function troubleOfThrown(thrown: unknown, url: string): Trouble {
  if (thrown instanceof MillraceError) return troubleOf(thrown);
  const cause =
    thrown instanceof Error ? (thrown.cause as { code?: unknown; message?: unknown } | undefined) : undefined;
  const code = typeof cause?.code === 'string' ? cause.code : '';
  const said = typeof cause?.message === 'string' && cause.message !== '' ? cause.message : String(thrown);
  const words = code !== '' ? code : said;
  if (unconnected.has(code)) {
    const error = new MillraceError('UNREACHABLE', `no server answers at ${url} (${words})`, { url, cause: thrown });
    return { kind: 'undone', error, isOfCall: false };
  }
  const detail = `the connection to ${url} was lost (${words})`;
  const error = new MillraceError('CONNECTION_LOST', detail, { url, cause: thrown });
  return { kind: 'unknown', error, isOfCall: false };
}
