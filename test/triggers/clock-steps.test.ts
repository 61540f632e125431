// Clocks that are set while triggers wait: the queue's and the engine's, which with Redis are two. The queue, what a thread is
// told of the time, and the triggers are the real ones; threads and store are left out.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Polled, TriggerTurn } from '../../src/dispatch/action.js';
import type { BatchPart } from '../../src/dispatch/protocol.js';
import { keptOf, keptText, turnOf } from '../../src/dispatch/thread/turns.js';
import { EmbeddedQueue } from '../../src/queue/embedded.js';
import { momentAfter } from '../../src/triggers/moment.js';
import { timerTimes } from '../../src/triggers/timer-times.js';
import { type TimerTerms, timerTurn } from '../../src/triggers/timer-turn.js';
import type { Json, TimerTrigger } from '../../src/workflow/model.js';
import { triggersKey } from '../../src/workflow/written.js';
import { claimOf } from '../queue/queue-world.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const startMs = Date.UTC(2031, 2, 9, 6, 30);

/** Time passes, or somebody sets a clock. */
type Event =
  | { readonly kind: 'passes'; readonly ms: number }
  | { readonly kind: 'stepped'; readonly clock: 'queue' | 'engine' | 'both'; readonly ms: number };

const jitter = fc.integer({ min: -250, max: 250 });
const step = fc.integer({ min: -3 * hourMs, max: 3 * hourMs });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('passes'), ms: fc.integer({ min: 0, max: 20 * minuteMs }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('stepped'),
      clock: fc.constantFrom('queue', 'engine', 'both'),
      ms: fc.oneof(jitter, step),
    }),
  },
);

/** One flow context that stands at a trigger, goes on when it fires, and comes back to it at once. */
class Standing {
  readonly #poll: (turn: TriggerTurn) => Polled;
  readonly #queue = new EmbeddedQueue(() => this.#queueMs);
  #queueMs = startMs;
  #engineMs = startMs;
  /** The latest that any clock has shown. */
  shownMs = startMs;
  #segments = 0;
  #part: Pick<BatchPart, 'eligibleAtMs' | 'attempt' | 'isWaiting'> = {
    eligibleAtMs: startMs,
    attempt: 0,
    isWaiting: false,
  };
  #written = '{}';
  /** What it gave, and what the clocks had shown by then. */
  readonly fired: { readonly result: Json; readonly arrivedAtMs: number; readonly shownMs: number }[] = [];

  constructor(poll: (turn: TriggerTurn) => Polled) {
    this.#poll = poll;
  }

  async open(): Promise<void> {
    await this.#queue.attach('engine', 1e12);
    await this.#queue.open();
    await this.#offer();
    await this.#run();
  }

  async meet(happened: Event): Promise<void> {
    const { ms } = happened;
    if (happened.kind === 'passes' || happened.clock !== 'engine') this.#queueMs += ms;
    if (happened.kind === 'passes' || happened.clock !== 'queue') this.#engineMs += ms;
    this.shownMs = Math.max(this.shownMs, this.#queueMs, this.#engineMs);
    await this.#run();
  }

  #offer(): Promise<void> {
    this.#segments += 1;
    const { eligibleAtMs } = this.#part;
    const place = { segment: `segment-${this.#segments}`, from: 0, to: 1, name: '/steps/flow', priority: null };
    return this.#queue.offer([{ ...place, eligibleAtMs, createdAtMs: startMs }]);
  }

  /** As often as something is due, up to what a test needs. */
  async #run(): Promise<void> {
    while (this.fired.length < 200) {
      const claim = await claimOf(this.#queue, { engine: 'engine', limit: 1, leaseMs: 1e12 });
      if (claim === null) return;
      const turn = turnOf(keptOf(this.#written), 'wait', this.#part as BatchPart, 0, this.#engineMs);
      const polled = this.#poll(turn);
      if (polled.kind === 'waits') {
        const { arrivedAtMs } = turn;
        this.#keep({ arrivedAtMs, kept: polled.keeps ?? null });
        this.#part = { eligibleAtMs: polled.untilMs, attempt: 0, isWaiting: true };
      } else if (polled.kind === 'fired') {
        this.fired.push({ result: polled.result, arrivedAtMs: turn.arrivedAtMs, shownMs: this.shownMs });
        this.#keep({ kept: polled.keeps ?? null });
        this.#part = { eligibleAtMs: this.#engineMs, attempt: 0, isWaiting: false };
      } else throw new Error(polled.kind);
      await this.#queue.settle(claim.id, []);
      await this.#offer();
    }
  }

  #keep(kept: { arrivedAtMs?: number; kept: Json }): void {
    this.#written = JSON.stringify({ [triggersKey]: JSON.parse(keptText(keptOf(this.#written), 'wait', kept)) });
  }
}

const timers: Pick<TimerTrigger, 'expression' | 'cron'>[] = [
  { expression: '+7m' },
  { expression: '0 0 */20' },
  // New York leaps over an hour, half an hour after the start.
  { cron: '*/13 * * * *' },
];

test('a timer fires its instants in their order, each once, and none before a clock has shown it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...timers), fc.array(event, { maxLength: 30 }), async (written, events) => {
      const terms: TimerTerms = {
        times: timerTimes({ zone: 'America/New_York', ...written }, undefined, null),
        endMs: () => Number.POSITIVE_INFINITY,
        count: Number.POSITIVE_INFINITY,
        windowMs: Number.POSITIVE_INFINITY,
        makeUp: 'none',
        makeUpMax: 1,
      };
      const standing = new Standing(turn => timerTurn(terms, turn));
      await standing.open();
      for (const each of events) await standing.meet(each);
      const times = terms.times(startMs);
      let lastMs = times.startMs;
      for (const { result, shownMs } of standing.fired) {
        const { scheduledAt, firedAt } = result as { scheduledAt: string; firedAt: string };
        const due = times.next(lastMs);
        if (due.kind !== 'fires') throw new Error(due.message);
        expect(scheduledAt).toBe(new Date(due.atMs).toISOString());
        expect(due.atMs).toBeLessThanOrEqual(shownMs);
        expect(Date.parse(firedAt)).toBeGreaterThanOrEqual(due.atMs);
        lastMs = due.atMs;
      }
    }),
    { numRuns: 200 },
  );
});

test('a delay fires when a clock has shown its time, and not before', async () => {
  const delay = momentAfter('+10m', 'UTC');
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 30 }), async events => {
      const standing = new Standing(({ nowMs, arrivedAtMs }) => {
        const untilMs = delay(arrivedAtMs);
        return nowMs < untilMs ? { kind: 'waits', untilMs } : { kind: 'fired', result: null };
      });
      await standing.open();
      for (const each of events) await standing.meet(each);
      for (const { arrivedAtMs, shownMs } of standing.fired) {
        expect(arrivedAtMs + 10 * minuteMs).toBeLessThanOrEqual(shownMs);
      }
    }),
    { numRuns: 200 },
  );
});
