// Whole engines against the model of the order of execution: whatever is submitted, set, paused and ended, exactly those execute,
// wait and sleep that the model says, after each step.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Json } from '../../src/workflow/model.js';
import { type Ordered, OrderModel } from '../queue/order-model.js';
import { seed } from '../seed.js';
import { Minutes, minuteMs, often, work } from './minutes.js';
import { openEngine, temporaryFolder } from './setup.js';

const branches = ['/', '/a/', '/a/b/', '/c/'] as const;
const again = { ...work, name: 'again' };
/** A workflow of each kind in each branch. */
const flows = {
  plain: [work],
  breaks: [work, { ...again, transactionBreak: true }],
  waits: [work, { name: 'wait', type: 'delay', delay: '+2m' }, again],
} as const;

/** What all of them together may have executing: see `threads` in `minutes.ts`. */
const most = 3;
const throttles = ['CONCURRENCY_THROTTLE', 'CONCURRENCY_THROTTLE_CLUSTER_WIDE'] as const;
const setting = fc.oneof(
  fc.record({
    property: fc.constantFrom(...throttles),
    value: fc.option(fc.nat(most), { nil: 'unlimited' as const, freq: 3 }),
  }),
  fc.record({ property: fc.constant('FIFO_SCHEDULING_ENABLED'), value: fc.boolean() }),
  fc.record({ property: fc.constant('FAIRNESS_TIME_WINDOW'), value: fc.constantFrom('+m', '+3m', 'off') }),
  fc.record({ property: fc.constant('PRIORITY'), value: fc.integer({ min: 1, max: 12 }) }),
);
const branch = fc.constantFrom(...branches);
/** What is asked at once is committed in any order, so that none that wait at triggers are submitted together. */
const submit = fc.record({
  kind: fc.constant('submit' as const),
  branch,
  group: fc.oneof(
    fc.record({ flow: fc.constantFrom('plain' as const, 'breaks' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ flow: fc.constant('waits' as const), count: fc.constant(1) }),
  ),
  priority: fc.constantFrom(null, null, 1, 3, 8),
});
const end = fc.record({ kind: fc.constant('end' as const), which: fc.nat() });
const pass = fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1_000, minuteMs, 3 * minuteMs) });
const set = fc.record({ kind: fc.constant('set' as const), branch, setting });
const pause = fc.record({ kind: fc.constant('pause' as const), which: fc.nat() });
const resume = fc.record({ kind: fc.constant('resume' as const), which: fc.nat() });
const steps = [
  { weight: 6, arbitrary: submit },
  { weight: 6, arbitrary: end },
  { weight: 3, arbitrary: pass },
  { weight: 3, arbitrary: set },
] as const;
const anything = fc.oneof(...steps, pause, resume);
/** Where others may have the queue, the walk through the store can offer what is being paused: that is met when it is claimed. */
const withoutPauses = fc.oneof(...steps);
type Step = typeof anything extends fc.Arbitrary<infer T> ? T : never;

interface Member extends Ordered {
  readonly id: string;
  readonly label: string;
  readonly flow: keyof typeof flows;
  /** Where it stands, or executes. */
  readonly at: 'work' | 'wait' | 'again';
  /** When the trigger fires at which it stands. */
  readonly dueMs: number;
}

/** Instances as they stand: what waits, what executes, what is paused. */
class InstancesModel {
  readonly order = new OrderModel();
  waiting: Member[] = [];
  executing: Member[] = [];
  paused: Member[] = [];
  #arrivals = 0;

  admit(member: Omit<Member, 'arrival'>): void {
    this.waiting.push({ ...member, arrival: this.#arrivals++ });
  }

  /** Whatever can begin begins, in its order; what a trigger holds back is asked, and waits. */
  go(nowMs: number): void {
    for (;;) {
      const ready = this.waiting.filter(({ eligibleAtMs }) => eligibleAtMs <= nowMs);
      const running = this.executing.map(({ name }) => ({ name, engine: 'one' }));
      const next = this.order.next({ ready, delayed: [] }, running, 'one', nowMs);
      if (next === undefined) return;
      this.waiting = without(this.waiting, next);
      if (next.at === 'wait' && nowMs < next.dueMs) this.admit({ ...next, eligibleAtMs: next.dueMs });
      else this.executing.push({ ...next, at: next.at === 'wait' ? 'again' : next.at });
    }
  }

  end(member: Member, nowMs: number): void {
    this.executing = without(this.executing, member);
    if (member.at === 'again' || member.flow === 'plain') return;
    const at = member.flow === 'waits' ? 'wait' : 'again';
    this.admit({ ...member, at, eligibleAtMs: nowMs, dueMs: nowMs + 2 * minuteMs });
  }

  state(nowMs: number) {
    const ready = this.waiting.filter(({ eligibleAtMs }) => eligibleAtMs <= nowMs).length;
    const { length: claimed } = this.executing;
    return {
      executing: this.executing.map(gateOf).sort(),
      counts: { ready, delayed: this.waiting.length - ready, claimed },
    };
  }
}

function without(members: readonly Member[], one: Member): Member[] {
  return members.filter(member => member !== one);
}

function gateOf({ label, at }: Member): string {
  return at === 'work' ? label : `${label} ${at}`;
}

/** One engine and its model, from nothing to nothing. */
class Run {
  readonly #minutes: Minutes;
  readonly #model = new InstancesModel();
  readonly #set = new Map<string, Map<string, Json>>();
  #submits = 0;

  constructor(minutes: Minutes) {
    this.#minutes = minutes;
    minutes.begin();
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#setting('/', 'CONCURRENCY_THROTTLE', most);
    for (const [index, step] of steps.entries()) await this.#next(step, `step ${index}`);
    await this.#over();
  }

  async #next(step: Step, message: string): Promise<void> {
    // So that no two become eligible at the same moment but those submitted together.
    this.#minutes.clock.advanceMs(1);
    await this.#step(step);
    await this.#agree(`${message}, ${JSON.stringify(step)}`);
  }

  async #step(step: Step): Promise<void> {
    const { clock, engine } = this.#minutes;
    const model = this.#model;
    switch (step.kind) {
      case 'submit': {
        const { priority } = step;
        const { flow, count } = step.group;
        const name = `${step.branch}${flow}`;
        const label = `${flow}-${this.#submits++}-`;
        const own = priority === null ? {} : { priority };
        const ids = await this.#minutes.submit({ label, workflow: name, count, ...own });
        const nowMs = clock.nowMs();
        for (const [position, id] of ids.entries()) {
          const times = { eligibleAtMs: nowMs, createdAtMs: nowMs, dueMs: nowMs };
          model.admit({ id, label: `${label}${position + 1}`, flow, at: 'work', name, priority, position, ...times });
        }
        break;
      }
      case 'end': {
        const member = chosen(model.executing, step.which);
        if (member === undefined) break;
        this.#minutes.end(gateOf(member));
        model.end(member, clock.nowMs());
        break;
      }
      case 'pass':
        clock.advanceMs(step.ms);
        break;
      case 'set':
        if (step.branch === '/' && step.setting.value === 'unlimited') break;
        await this.#setting(step.branch, step.setting.property, step.setting.value);
        break;
      case 'pause': {
        const member = chosen(model.waiting, step.which);
        if (member === undefined) break;
        await engine.pause(member.id);
        model.waiting = without(model.waiting, member);
        model.paused.push(member);
        break;
      }
      case 'resume': {
        const member = chosen(model.paused, step.which);
        if (member === undefined) break;
        await engine.resume(member.id);
        model.paused = without(model.paused, member);
        model.admit(member);
        break;
      }
    }
    model.go(clock.nowMs());
  }

  async #agree(message: string): Promise<void> {
    const nowMs = this.#minutes.clock.nowMs();
    const found = async () => ({ executing: this.#minutes.executing(), counts: await this.#minutes.counts() });
    await expect.poll(found, { ...often, message }).toEqual(this.#model.state(nowMs));
  }

  /** At a branch, for this run. */
  async #setting(branch: string, property: string, value: Json): Promise<void> {
    await this.#minutes.engine.configuration.set({ branch, property, value });
    const there = this.#set.get(branch) ?? new Map<string, Json>();
    this.#set.set(branch, there.set(property, value));
    const { order } = this.#model;
    const limitOf = (name: string): number | null => {
      const limit = there.get(name);
      return typeof limit === 'number' ? limit : null;
    };
    const throttle = {
      perEngine: limitOf('CONCURRENCY_THROTTLE'),
      clusterWide: limitOf('CONCURRENCY_THROTTLE_CLUSTER_WIDE'),
      rate: null,
    };
    order.setThrottle(branch, throttle, this.#minutes.clock.nowMs());
    if (property === 'FIFO_SCHEDULING_ENABLED') order.setFifo(branch, value === true);
    if (property === 'PRIORITY') order.setPriority(branch, value as number);
    const windows = { '+m': minuteMs, '+3m': 3 * minuteMs, off: 'off' } as const;
    if (property === 'FAIRNESS_TIME_WINDOW') order.setFairness(branch, windows[value as keyof typeof windows]);
  }

  /** Everything is let go, in the order that is left, until nothing is there. */
  async #over(): Promise<void> {
    const model = this.#model;
    const next = (step: Step) => this.#next(step, 'at the end');
    while (model.paused.length > 0) await next({ kind: 'resume', which: 0 });
    for (const branch of branches) {
      const value = branch === '/' ? most : 'unlimited';
      for (const property of throttles) await next({ kind: 'set', branch, setting: { property, value } });
    }
    while (model.waiting.length + model.executing.length > 0) {
      await next({ kind: 'pass', ms: minuteMs });
      while (model.executing.length > 0) await next({ kind: 'end', which: 0 });
    }
    await this.#minutes.over();
    for (const [branch, properties] of this.#set) {
      for (const property of properties.keys()) await this.#minutes.engine.configuration.unset({ branch, property });
    }
  }
}

function chosen(members: readonly Member[], which: number): Member | undefined {
  return members[which % members.length];
}

describe.each([
  ['memory', anything],
  ['redis', withoutPauses],
] as const)('%s', (home, step) => {
  const minutes = new Minutes();
  let engine: Engine;

  beforeAll(async () => {
    engine = await openEngine(home, temporaryFolder(), minutes.options);
    minutes.use([engine]);
    for (const branch of branches) {
      for (const [flow, actions] of Object.entries(flows)) await minutes.deploy(`${branch}${flow}`, actions);
    }
    await engine.start();
  });
  afterAll(() => engine.dispose(0));

  test(`whatever happens, those execute that the model says (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array<Step>(step, { minLength: 20, maxLength: 40, size: 'max' }), steps =>
        new Run(minutes).play(steps),
      ),
      // A run that has failed leaves work behind, so that nothing shorter can be tried.
      { numRuns: 5, endOnFailure: true },
    );
  });
});
