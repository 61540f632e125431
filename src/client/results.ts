// Waiting for instances to end, by long polls. However many wait, so many connections at most ask for them; they take turns.

import type { InstancePending, InstanceResult } from '../api/schema/instances.js';
import { abortable, onAbort } from './abort.js';
import { MillraceError } from './errors.js';
import type { Transport } from './transport.js';

export interface ResultOptions {
  /** `DEADLINE_PASSED` when it has not ended within. Default: wait for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A question waits so long at the server: with room for others, and when somebody may come for its place. */
const pollMs = { roomy: 20_000, full: 2_000 } as const;
/** With a queue, everybody has a turn about so often. */
const roundMs = 1_000;

export class Results {
  readonly #transport: Transport;
  readonly #pollsMax: number;
  #polls = 0;
  readonly #queue: (() => void)[] = [];

  constructor(transport: Transport, pollsMax: number) {
    this.#transport = transport;
    this.#pollsMax = pollsMax;
  }

  async wait(name: string, { timeoutMs, signal }: ResultOptions): Promise<InstanceResult> {
    const { clock } = this.#transport;
    const endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() + timeoutMs;
    const overdue = new AbortController();
    const forget = onAbort(signal, () => overdue.abort(signal!.reason));
    const late = new MillraceError('DEADLINE_PASSED', `${name} has not ended within ${timeoutMs} ms`);
    // The server ends the wait in time; this is for one that does not answer, and for the queue.
    const cancel =
      timeoutMs === undefined ? () => undefined : clock.after(timeoutMs + 1_000, () => overdue.abort(late));
    try {
      for (;;) {
        const answer = await this.#ask(name, endMs, overdue.signal);
        if (answer.state !== 'pending') return answer;
        if (clock.monotonicMs() >= endMs) throw late;
      }
    } finally {
      cancel();
      forget();
    }
  }

  async #ask(name: string, endMs: number, signal: AbortSignal): Promise<InstanceResult | InstancePending> {
    await this.#enter(signal);
    try {
      const leftMs = Math.max(0, endMs - this.#transport.clock.monotonicMs());
      const waitMs = Math.ceil(Math.min(leftMs, this.#pollMs()));
      return await this.#transport.json<InstanceResult | InstancePending>({
        method: 'GET',
        path: `/v1/instances/${encodeURIComponent(name)}/result?waitMs=${waitMs}`,
        isRepeatable: true,
        signal,
        waitMs,
      });
    } finally {
      this.#leave();
    }
  }

  #pollMs(): number {
    if (this.#queue.length > 0) return Math.min(pollMs.full, (roundMs * this.#pollsMax) / this.#queue.length);
    return this.#polls * 2 <= this.#pollsMax ? pollMs.roomy : pollMs.full;
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#polls < this.#pollsMax) {
      this.#polls += 1;
      return;
    }
    let enter = (): void => undefined;
    const entered = new Promise<void>(resolve => {
      enter = resolve;
    });
    this.#queue.push(enter);
    try {
      await abortable(entered, signal);
    } catch (error) {
      const at = this.#queue.indexOf(enter);
      if (at >= 0) this.#queue.splice(at, 1);
      // The place was given just then.
      else this.#leave();
      throw error;
    }
  }

  /** The place goes to the next in the queue. */
  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#polls -= 1;
    else next();
  }
}
