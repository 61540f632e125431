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

/** Of what a server answered. */
export function troubleOf(error: MillraceError): Trouble {
  if (error.code === 'CONNECTION_LOST') return { kind: 'unknown', error };
  if (error.status === 429 || error.status === 503)
    return { kind: unsure.has(error.code) ? 'unknown' : 'undone', error };
  return { kind: 'refused', error };
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
    return { kind: 'undone', error };
  }
  const detail = `the connection to ${url} was lost (${words})`;
  return { kind: 'unknown', error: new MillraceError('CONNECTION_LOST', detail, { url, cause: thrown }) };
}
