// A dispatcher of a test's own, with real threads, and everything it answered.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Dispatcher, DispatcherEvents, DispatcherOptions } from '../../src/dispatch/contract.js';
import { createDispatcher } from '../../src/dispatch/pool.js';
import type {
  ActionError,
  Batch,
  LogLine,
  MemberEvent,
  OutcomeGroup,
  PackedJson,
} from '../../src/dispatch/protocol.js';
import type { JsonObject } from '../../src/workflow/model.js';
import { type ActionExit, compilePlan, type Demand, type Plan } from '../../src/workflow/plan.js';

export const fixtures = fileURLToPath(new URL('../fixtures/actions/', import.meta.url));

export interface Answer {
  readonly kind: OutcomeGroup['kind'];
  readonly path: readonly number[];
  readonly reached: number;
  readonly demand: Demand | null;
  readonly exits: readonly ActionExit[] | null;
  /** Parsed payload; `undefined` without one. */
  readonly value: unknown;
  readonly earlier: readonly unknown[];
  readonly error: ActionError | null;
  readonly killed: boolean;
  readonly startedMs: number;
  readonly endedMs: number;
  /** How many members had been answered before. */
  readonly order: number;
}

export type Step = { function?: string; type?: 'call' | 'null'; break?: boolean; timeoutMs?: number; module?: string };

/** A straight workflow: one action after another. */
export function planOf(steps: readonly Step[], module = 'plain.mjs'): Plan {
  const names = steps.map((_, at) => `step${at}`);
  return compilePlan(
    {
      name: '/test/flow',
      module,
      actions: steps.map(({ function: call, type = 'call', break: isBreak, timeoutMs, module: own }, at) => ({
        name: names[at]!,
        ...(type === 'null' ? { type } : { type, function: call!, ...(own === undefined ? {} : { module: own }) }),
        ...(isBreak ? { transactionBreak: true } : {}),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })),
      flows: names.slice(1).map((to, at) => ({ from: names[at]!, to })),
    },
    fixtures,
  );
}

export const root = '018f0000-0000-7000-8000-123456780000';

export function pack(values: readonly unknown[]): PackedJson {
  const texts = values.map(value => Buffer.from(JSON.stringify(value)));
  const offsets = new Int32Array(texts.length + 1);
  for (const [at, text] of texts.entries()) offsets[at + 1] = offsets[at]! + text.length;
  return { bytes: new Uint8Array(Buffer.concat(texts)), offsets };
}

export interface BatchOptions {
  readonly workflow?: number;
  readonly place?: number;
  readonly context?: number;
  readonly hasRun?: boolean;
  readonly written?: readonly JsonObject[];
  /** Members a part; by default all in one. */
  readonly partMembers?: number;
}

export class World {
  readonly dispatcher: Dispatcher;
  readonly answers = new Map<string, Answer>();
  readonly events: (MemberEvent & { batch: number })[] = [];
  readonly late: Parameters<DispatcherEvents['late']>[0][] = [];
  readonly logged: LogLine[] = [];
  readonly lost: Parameters<DispatcherEvents['threadLost']>[0][] = [];
  rooms = 0;
  /** Groups in which the answers came. */
  groups = 0;
  #batches = 0;
  #waiting: { isDone: () => boolean; resolve: () => void }[] = [];

  constructor(options: Partial<DispatcherOptions>) {
    this.dispatcher = createDispatcher(options, {
      outcomes: message => {
        for (const group of message.groups) {
          const { path: taken, kind, reached, payload, errors, errorOf, killed = false } = group;
          this.groups += 1;
          for (const [at, member] of group.members.entries()) {
            const key = `${message.batch}:${group.part}:${member}`;
            if (this.answers.has(key)) throw new Error(`P1: ${key} was answered twice`);
            const bytes = payload?.bytes.subarray(payload.offsets[at], payload.offsets[at + 1]);
            const times = group.times.subarray(at * taken.length * 2, (at + 1) * taken.length * 2);
            const before = Math.max(0, taken.length - 1);
            this.answers.set(key, {
              kind,
              path: taken,
              reached,
              demand: group.demand ?? null,
              exits: group.exits ?? null,
              value: bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString()),
              earlier: (group.earlierResults ?? []).slice(at * before, (at + 1) * before).map(text => JSON.parse(text)),
              error: errors === undefined ? null : errors[errorOf![at]!]!,
              killed,
              startedMs: group.baseMs + (times[0] ?? 0),
              endedMs: group.baseMs + (times[times.length - 1] ?? 0),
              order: this.answers.size,
            });
          }
        }
        for (const event of message.events) this.events.push({ ...event, batch: message.batch });
        this.#look();
      },
      late: event => {
        this.late.push(event);
        this.#look();
      },
      log: lines => {
        this.logged.push(...lines);
        this.#look();
      },
      room: () => {
        this.rooms += 1;
        this.#look();
      },
      threadLost: loss => {
        this.lost.push(loss);
        this.#look();
      },
    });
  }

  /** Hand over a batch; returns its id. */
  run(inputs: readonly unknown[], options: BatchOptions = {}): number {
    const { workflow = 1, place = 0, context = 0, hasRun = false, written, partMembers = inputs.length } = options;
    const id = ++this.#batches;
    const parts = [];
    for (let from = 0; from < inputs.length; from += partMembers) {
      const count = Math.min(partMembers, inputs.length - from);
      const ordinals = Uint16Array.from({ length: count }, (_, at) => from + at);
      parts.push({
        workflow,
        place,
        context,
        hasRun,
        transaction: 2,
        attempt: 0,
        eligibleAtMs: 0,
        isWaiting: false,
        root,
        ordinals,
      });
    }
    const batch: Batch = {
      id,
      atMs: 0,
      parts,
      count: inputs.length,
      inputs: pack(inputs),
      written: written === undefined ? null : pack(written),
    };
    this.dispatcher.run(batch);
    return id;
  }

  /** Hand over a batch and wait for all its answers. */
  async answersTo(inputs: readonly unknown[], options: BatchOptions = {}): Promise<Answer[]> {
    const id = this.run(inputs, options);
    const { partMembers = inputs.length } = options;
    const keyOf = (at: number): string => `${id}:${Math.floor(at / partMembers)}:${at % partMembers}`;
    await this.until(() => inputs.every((_, at) => this.answers.has(keyOf(at))));
    return inputs.map((_, at) => this.answers.get(keyOf(at))!);
  }

  /** Looks again after everything the dispatcher says. */
  until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise(resolve => this.#waiting.push({ isDone, resolve }));
  }

  #look(): void {
    const done = this.#waiting.filter(({ isDone }) => isDone());
    this.#waiting = this.#waiting.filter(waiter => !done.includes(waiter));
    for (const { resolve } of done) resolve();
  }
}

/** A started dispatcher with one workflow, number 1, stopped when the test has finished. */
export async function setup(plan: Plan, options: Partial<DispatcherOptions> = {}): Promise<World> {
  const world = new World({ threads: 2, graceMs: 200, heapMb: 64, ...options });
  world.dispatcher.define(1, plan);
  await world.dispatcher.start();
  onTestFinished(() => world.dispatcher.stop(0));
  return world;
}

/** A file that actions sign, and how often each number did. */
export function ledger(): { file: string; executions: () => Map<number, number> } {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'millrace-dispatch-')), 'ledger');
  return {
    file,
    executions: () => {
      const counts = new Map<number, number>();
      for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
        counts.set(Number(line), (counts.get(Number(line)) ?? 0) + 1);
      }
      return counts;
    },
  };
}

/** Holds the thread of the test: nothing that it awaits goes on meanwhile. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
