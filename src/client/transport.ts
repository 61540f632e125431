// Requests: one attempt, and as many as are safe.
//
// Invariants:
//   C1. What may have been done is sent again only when its call says that it may be repeated.
//   C2. Attempts are bounded by number and by time, those of one call together. Each has a timeout of its own.
//   C3. What is aborted rejects with the signal's reason, at once, and its connection is let go.

import { onAbort } from './abort.js';
import type { ClientClock } from './client-clock.js';
import { errorOfProblem, isProblem, MillraceError } from './errors.js';
import type { Server, Servers } from './servers.js';
import { type Trouble, troubleOfThrown } from './trouble.js';
import { headers as headerNames, mediaTypes } from './wire.js';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query, from `/v1` on. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked before each attempt. */
  readonly body?: () => string;
  /** It may be sent again when it is not known whether it was done. */
  readonly isRepeatable: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Of an attempt, beside what the server was asked to wait. */
  readonly waitMs?: number;
  /** Of all attempts together, ms; default the client's. */
  readonly deadlineMs?: number;
}

/** An answer being read. */
export interface Opened {
  readonly server: Server;
  readonly response: Response;
  /** Something came: from now on so much time for the next, ms. */
  expect(withinMs: number): void;
  /** Always to be called. */
  close(): void;
}

export interface TransportOptions {
  readonly servers: Servers;
  readonly clock: ClientClock;
  readonly fetch: typeof fetch;
  readonly user: string | undefined;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly attemptsMax: number;
}

export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get clock(): ClientClock {
    return this.#options.clock;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  get deadlineMs(): number {
    return this.#options.deadlineMs;
  }

  /** The answer as JSON. @throws MillraceError; the signal's reason */
  json<Answer>(call: Call): Promise<Answer> {
    return this.send(call, async ({ response, server }) => {
      const text = await response.text();
      try {
        return JSON.parse(text) as Answer;
      } catch (cause) {
        throw invalid(server.url, response, cause);
      }
    });
  }

  /** Attempts until one is answered. @param read what it throws counts as the attempt's */
  send<Answer>(call: Call, read: (opened: Opened) => Promise<Answer>): Promise<Answer> {
    return this.#attempts(call, async opened => {
      try {
        return await read(opened);
      } finally {
        opened.close();
      }
    });
  }

  /** Attempts until one is answered with success; the caller reads, and closes. */
  begin(call: Call): Promise<Opened> {
    return this.#attempts(call, opened => Promise.resolve(opened));
  }

  async #attempts<Answer>(call: Call, take: (opened: Opened) => Promise<Answer>): Promise<Answer> {
    const { servers, clock, attemptsMax } = this.#options;
    const latestMs = clock.monotonicMs() + (call.deadlineMs ?? this.#options.deadlineMs);
    const notBefore = new Map<Server, number>();
    let last: MillraceError | null = null;
    for (let attempt = 1; ; attempt++) {
      const server = await servers.choose(latestMs, notBefore, call.signal);
      if (server === null) throw last ?? notReady(servers.lastError);
      try {
        return await take(await this.#open(server, call));
      } catch (thrown) {
        call.signal?.throwIfAborted();
        const trouble = troubleOfThrown(thrown, server.url);
        this.failed(server, trouble);
        if (trouble.isOfCall) notBefore.set(server, clock.monotonicMs() + trouble.error.retryAfterMs!);
        last = trouble.error;
        const isSafe = trouble.kind === 'undone' || (trouble.kind === 'unknown' && call.isRepeatable);
        if (!isSafe || attempt >= attemptsMax || clock.monotonicMs() >= latestMs) throw last;
      }
    }
  }

  /** Whether the server may be asked again is noted; the caller decides what to do. */
  failed(server: Server, { kind, error, isOfCall }: Trouble): void {
    const { servers } = this.#options;
    if (kind === 'refused' || isOfCall) servers.worked(server);
    else servers.failed(server, error);
  }

  /** One attempt, up to its status: anything but success is thrown. */
  async #open(server: Server, call: Call): Promise<Opened> {
    const { clock, timeoutMs, user, servers } = this.#options;
    call.signal?.throwIfAborted();
    const attempt = new AbortController();
    const forget = onAbort(call.signal, () => attempt.abort(call.signal!.reason));
    let cancelTimer = (): void => undefined;
    const expect = (withinMs: number): void => {
      cancelTimer();
      cancelTimer = clock.after(withinMs, () => {
        const detail = `${server.url} has not answered within ${Math.round(withinMs / 1_000)} s`;
        attempt.abort(new MillraceError('CONNECTION_LOST', detail, { url: server.url }));
      });
    };
    let isOpen = true;
    server.underWay += 1;
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      server.underWay -= 1;
      cancelTimer();
      forget();
      // What is not read any more must not hold its connection; after the answer's end it does nothing.
      attempt.abort();
    };
    try {
      expect(timeoutMs + (call.waitMs ?? 0));
      const response = await this.#options.fetch(server.url + call.path, {
        method: call.method,
        headers: { ...(user === undefined ? {} : { [headerNames.user]: user }), ...call.headers },
        ...(call.body === undefined ? {} : { body: call.body() }),
        signal: attempt.signal,
        redirect: 'error',
      });
      if (!response.ok) throw await errorOf(server.url, response);
      servers.worked(server);
      return { server, response, expect, close };
    } catch (thrown) {
      close();
      throw thrown;
    }
  }
}

function notReady(last: MillraceError | null): MillraceError {
  const why = last === null ? '' : `; the last said ${last.message}`;
  return new MillraceError('UNREACHABLE', `no server is ready within the time${why}`, {
    url: last?.url ?? undefined,
    cause: last ?? undefined,
  });
}

async function errorOf(url: string, response: Response): Promise<MillraceError> {
  const text = await response.text();
  if ((response.headers.get('content-type') ?? '').startsWith(mediaTypes.problem)) {
    const value = parsed(text);
    const retryAfterMs = retryAfterOf(response);
    if (isProblem(value)) return errorOfProblem(retryAfterMs === null ? value : { retryAfterMs, ...value }, url);
  }
  return invalid(url, response, text.slice(0, 200));
}

/** As the header has it, in seconds. */
function retryAfterOf({ headers }: Response): number | null {
  const text = headers.get('retry-after');
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : null;
}

/** From something between us and the service, if it is one: only a lost answer may be tried again. */
function invalid(url: string, { status }: Response, cause: unknown): MillraceError {
  if (status >= 502 && status <= 504) {
    return new MillraceError('CONNECTION_LOST', `${url} answered ${status} without a problem`, { url, cause });
  }
  return new MillraceError('ANSWER_INVALID', `${url} answered ${status} with what is none of Millrace`, {
    status,
    url,
    cause,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Then it is no problem either.
    return null;
  }
}
