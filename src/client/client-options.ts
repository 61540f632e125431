// What a client is made with.

import type { ClientClock } from './client-clock.js';
import { MillraceError } from './errors.js';

export interface ClientOptions {
  /** Servers over one store, such as `http://127.0.0.1:7433`. */
  readonly urls: readonly string[];
  /** Who calls, for the audit: 1 to 200 visible ASCII characters. Default: who runs the server. */
  readonly user?: string;
  /** An attempt is given up when nothing has come for so long. Default 10,000. */
  readonly timeoutMs?: number;
  /** All attempts of a call together. Default 60,000. */
  readonly deadlineMs?: number;
  /** Of a call. Default 50. */
  readonly attemptsMax?: number;
  /** Connections that wait for results. Default 64; in a browser 3, which opens six in all. */
  readonly resultPolls?: number;
  /** Instances of `submit` that wait to be sent. Default 100,000. */
  readonly pendingMax?: number;
  readonly fetch?: typeof fetch;
  readonly clock?: ClientClock;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** What would otherwise be found out at the first request, or never. */
export function checkOptions(options: ClientOptions): void {
  const { user } = options;
  if (user !== undefined && !/^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(user)) {
    throw new MillraceError('OPTION_INVALID', 'user: must be 1 to 200 visible ASCII characters');
  }
  for (const name of ['timeoutMs', 'deadlineMs', 'attemptsMax', 'resultPolls', 'pendingMax'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new MillraceError('OPTION_INVALID', `${name}: must be a whole number from 1, found ${value}`);
  }
}
