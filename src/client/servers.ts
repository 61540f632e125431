// Which server is asked next: of those that work the one with the fewest requests under way, in turn when that is equal.
// One that fails is left alone for a while that grows with each failure, jittered so that clients do not come together.

import { sleep } from './abort.js';
import type { ClientClock } from './client-clock.js';
import { MillraceError } from './errors.js';

export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  underWay: number;
  /** In a row. */
  failures: number;
  restsUntilMs: number;
  /** Why it rests. */
  lastError: MillraceError | null;
}

const restMs = { first: 100, most: 5_000 } as const;

export class Servers {
  readonly #clock: ClientClock;
  readonly #random: () => number;
  readonly #all: readonly Server[];
  #turn = 0;

  /** @throws MillraceError `OPTION_INVALID` */
  constructor(urls: readonly string[], clock: ClientClock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    if (urls.length === 0) throw new MillraceError('OPTION_INVALID', 'urls: must name a server');
    this.#all = urls.map(url => ({ url: checkedUrl(url), underWay: 0, failures: 0, restsUntilMs: 0, lastError: null }));
  }

  /** Of a server that rests, for a call that could not even be tried. */
  get lastError(): MillraceError | null {
    return this.#all.find(({ lastError }) => lastError !== null)?.lastError ?? null;
  }

  get count(): number {
    return this.#all.length;
  }

  /**
   * The server to ask, as soon as one works; `null` when none will before `latestMs` (monotonic).
   *
   * @param notBefore servers that asked this caller alone for time, and until when
   * @throws the signal's reason
   */
  async choose(
    latestMs: number,
    notBefore: ReadonlyMap<Server, number>,
    signal: AbortSignal | undefined,
  ): Promise<Server | null> {
    const readyMs = (server: Server): number => Math.max(server.restsUntilMs, notBefore.get(server) ?? 0);
    for (;;) {
      signal?.throwIfAborted();
      const nowMs = this.#clock.monotonicMs();
      const working = this.#all.filter(server => readyMs(server) <= nowMs);
      if (working.length > 0) {
        const least = Math.min(...working.map(({ underWay }) => underWay));
        const idlest = working.filter(({ underWay }) => underWay === least);
        return idlest[this.#turn++ % idlest.length]!;
      }
      const firstMs = Math.min(...this.#all.map(readyMs));
      if (firstMs > latestMs) return null;
      await sleep(this.#clock, firstMs - nowMs, signal);
    }
  }

  worked(server: Server): void {
    server.failures = 0;
    server.lastError = null;
  }

  /** @param error `retryAfterMs`: how long it asked to be left alone; else as long as its failures say */
  failed(server: Server, error: MillraceError): void {
    const forMs = error.retryAfterMs;
    server.lastError = error;
    const grownMs = Math.min(restMs.most, restMs.first * 2 ** Math.min(server.failures, 10));
    server.failures += 1;
    const untilMs = this.#clock.monotonicMs() + (forMs ?? grownMs) * (0.5 + this.#random());
    // Never sooner than asked.
    const leastMs = this.#clock.monotonicMs() + (forMs ?? 0);
    server.restsUntilMs = Math.max(server.restsUntilMs, untilMs, leastMs);
  }
}

function checkedUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new MillraceError('OPTION_INVALID', `urls: "${url}" is no URL`, { cause });
  }
  const { protocol, search, hash, href, username, password } = parsed;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new MillraceError('OPTION_INVALID', `urls: "${url}" must begin with http:// or https://`);
  }
  if (search !== '' || hash !== '') throw new MillraceError('OPTION_INVALID', `urls: "${url}" must have no ? and no #`);
  if (username !== '' || password !== '') throw new MillraceError('OPTION_INVALID', 'urls: must have no user in them');
  return href.replace(/\/+$/, '');
}
