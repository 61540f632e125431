// What a lost connection, or one that was not to be had, is told as.

import { EngineError } from '../../observe/errors.js';

/** SQLSTATEs of a server that says no to whoever asks, however often: a wrong password, an unknown database, an unknown
 * setting. */
const invalidOption = /^(28|3D|22023|42704)/;

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '');
}

/** A connection that could not be made. `STORE_UNAVAILABLE` unless only another URL or option would help. */
export function notConnected(error: unknown, location: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = codeOf(error);
  const isInvalid = invalidOption.test(code);
  // A refusal of all addresses of a name has no message of its own.
  const said = error instanceof AggregateError ? error.errors.map(String).join('; ') : (error as Error).message;
  const reason = said.includes(code) ? said : `${code}: ${said}`;
  return new EngineError(
    isInvalid ? 'OPTION_INVALID' : 'STORE_UNAVAILABLE',
    `cannot connect to ${location}: ${reason}`,
    {
      cause: error,
    },
  );
}

/** Whether a server that is starting, or has no connection to spare, is worth asking again in a moment. */
export function passesSoon(error: EngineError): boolean {
  return ['57P03', '53300'].includes(codeOf(error.cause));
}
