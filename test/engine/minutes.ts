// Minutes of the test clock, from 8:00 on: instances whose actions take some of them, and what executes in each.
//
// An action that takes a minute stands at a gate, which is opened when the clock has gone on by it. So nothing depends on how fast
// anything is, and what executes in a minute is what stands at gates when that is no more than is expected.

import { expect, onTestFinished } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { TestClock } from '../../src/observe/clock.js';
import type { Action, Json } from '../../src/workflow/model.js';
import { here, signals } from './setup.js';

export const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** An action that takes its minutes. */
export const work = { name: 'work', type: 'call', function: 'works' } as const;

/** Instances that are submitted together: `A1`, `A2`, ..., counted on from those of the label before. */
export interface Group {
  readonly label: string;
  readonly workflow: string;
  readonly count: number;
  readonly priority?: number;
  /** That each of its actions takes. Default 1. */
  readonly minutes?: number;
}

/** What happens in a minute, before what has executed for long enough ends. By minutes after 8:00. */
export type Happenings = Readonly<Record<number, () => Promise<unknown>>>;

export class Minutes {
  readonly clock = new TestClock(Date.UTC(2030, 0, 2, 8));
  /**
   * Options of engines that live by this clock. Their leases are longer than any scenario, and there is a thread for each action that
   * executes at once: what a thread takes beside another depends on what actions have cost.
   */
  readonly options = { clock: this.clock, leaseMs: dayMs, threads: 3 };
  #engines: readonly Engine[] = [];
  #submits = 0;
  readonly #counted = new Map<string, number>();
  readonly #minutesOf = new Map<string, number>();
  /** What stands at its gate, and until which minute. */
  readonly #until = new Map<string, number>();
  readonly #ended = new Set<string>();
  /** What of the minute has gone by. */
  #aheadMs = 0;

  /** Engines of one cluster. */
  use(engines: readonly Engine[]): void {
    this.#engines = engines;
  }

  /** The earliest engine: it leads. */
  get engine(): Engine {
    return this.#engines[0]!;
  }

  /** A new 8:00, a full hour, at which nothing is known of what was before. */
  begin(): void {
    this.clock.advanceMs(hourMs - (this.clock.nowMs() % hourMs));
    this.#aheadMs = 0;
    signals.forget();
    this.#counted.clear();
    this.#minutesOf.clear();
    this.#until.clear();
    this.#ended.clear();
  }

  /** Deploy a straight workflow; its full name. */
  async deploy(workflow: string, actions: readonly Action[] = [work]): Promise<string> {
    const flows = actions.slice(1).map(({ name: to }, at) => ({ from: actions[at]!.name, to }));
    await this.engine.deploy({ name: workflow, module: './actions.mjs', actions: [...actions], flows }, here);
    return workflow;
  }

  /** A property of a branch, for this test alone. */
  async set(branch: string, property: string, value: Json): Promise<void> {
    const { configuration } = this.engine;
    await configuration.set({ branch, property, value });
    onTestFinished(async () => void (await configuration.unset({ branch, property })));
  }

  /** By each engine in turn. Their ids. */
  submit({ label, workflow, count, priority, minutes = 1 }: Group): Promise<string[]> {
    const before = this.#counted.get(label) ?? 0;
    this.#counted.set(label, before + count);
    const gates = named(label, before + 1, before + count);
    for (const gate of gates) this.#minutesOf.set(gate, minutes);
    const own = priority === undefined ? {} : { priority };
    const engine = this.#engines[this.#submits++ % this.#engines.length]!;
    return engine.submit(gates.map(gate => ({ workflow, input: { gate }, ...own })));
  }

  /**
   * Let the minutes go by, one after another, and expect what executes in each.
   *
   * @param expected by minutes after 8:00: instances, with the name of their action unless that is `work`
   */
  async play(expected: readonly (readonly string[])[], happenings: Happenings = {}): Promise<void> {
    for (const [minute, executing] of expected.entries()) {
      if (minute > 0) this.#nextMinute();
      await happenings[minute]?.();
      for (const [gate, until] of this.#until) if (until === minute) this.end(gate);
      await this.#expect(minute, executing);
    }
  }

  /** Nothing waits, is delayed or claimed. */
  async over(): Promise<void> {
    await expect.poll(() => this.counts(), often).toEqual({ ready: 0, delayed: 0, claimed: 0 });
  }

  /** What stands at its gate. */
  executing(): string[] {
    const begun = signals.arrived.map(({ gate }) => gate);
    return begun.filter(gate => !this.#ended.has(gate)).sort();
  }

  /** Let what stands at its gate go on. */
  end(gate: string): void {
    this.#until.delete(gate);
    this.#ended.add(gate);
    signals.open(gate);
  }

  /** Members in the queue. */
  async counts(): Promise<{ ready: number; delayed: number; claimed: number }> {
    const { ready, delayed, claimed } = await this.engine.status();
    return { ready, delayed, claimed };
  }

  #nextMinute(): void {
    this.clock.advanceMs(minuteMs - this.#aheadMs);
    this.#aheadMs = 0;
  }

  /**
   * Let a part of the minute go by while nothing comes of it: a call that was under way when the clock went on by a minute has waited
   * for too long by that clock, and is made again a moment later, by the same.
   */
  #lookedAt(sinceMs: number): void {
    if (performance.now() - sinceMs < 3_000 || this.#aheadMs >= 30_000) return;
    this.#aheadMs += 50;
    this.clock.advanceMs(50);
  }

  async #expect(minute: number, executing: readonly string[]): Promise<void> {
    const message = `8:${String(minute).padStart(2, '0')}`;
    const sinceMs = performance.now();
    const looked = <T>(seen: T): T => {
      this.#lookedAt(sinceMs);
      return seen;
    };
    await expect.poll(() => looked(this.executing()), { ...often, message }).toEqual([...executing].sort());
    // What has ended is committed, and nothing else is on its way to the threads.
    await expect.poll(async () => looked((await this.counts()).claimed), { ...often, message }).toBe(executing.length);
    for (const gate of executing) {
      if (!this.#until.has(gate)) this.#until.set(gate, minute + this.#minutesOf.get(gate.split(' ', 1)[0]!)!);
    }
  }
}

/** What nobody tells is looked at so often. */
export const often = { interval: 5 } as const;

/** `count` minutes of the same. */
export function during<T>(count: number, executing: T): T[] {
  return Array.from({ length: count }, () => executing);
}

/** `A1`, `A2`, ..., from one number to another. */
export function named(label: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, at) => `${label}${from + at}`);
}
