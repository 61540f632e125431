// What one of several contexts did in its transaction, in the commit: what is shared reaches the others; of one that another
// withdraws in that commit nothing is left.

import { expect, test } from 'vitest';
import type { CommitItem } from '../../src/engine/commit/commit-builder.js';
import { Committer } from '../../src/engine/commit/committer.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { buildShared } from '../../src/engine/shared/build.js';
import { initialState } from '../../src/flow/shared/state.js';
import { keptState, textOfState } from '../../src/flow/shared/text.js';
import { noBits } from '../../src/store/bitmap.js';
import { request, type Segment, type Shared } from '../../src/store/contract.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import type { Action, Flow } from '../../src/workflow/model.js';
import { compilePlan, END, type Plan } from '../../src/workflow/plan.js';
import { CommitWorld } from './commit-world.js';

const write: Action = { name: 'write', type: 'sql', statements: [{ sql: 'insert into effects values (1)' }] };
const cancel: Action = { name: 'stop', type: 'cancel', actions: ['write'] };

function planOf(actions: Action[], flows: Flow[]): Plan {
  const head: Action = { name: 'head', type: 'null' };
  const split = actions.slice(0, 2).map(({ name: to }): Flow => ({ from: 'head', to }));
  return compilePlan({ name: '/withdrawn/work', actions: [head, ...actions], flows: [...split, ...flows] }, '/');
}

/** An instance whose contexts 1 and 2 stand at the first two actions behind its head. */
class SplitInstance {
  readonly world = new CommitWorld();
  readonly #root = this.world.ids.nextRoot();
  readonly #segments: Segment[];
  readonly #shared: Shared;

  constructor(readonly plan: Plan) {
    const [first, second] = plan.actions[0]!.flows.map(({ flow }) => plan.targets[flow]!);
    this.#segments = [first!, second!].map((place, at) => ({
      id: this.world.ids.next(),
      root: this.#root,
      body: null,
      workflow: 1,
      name: plan.name,
      priority: null,
      key: null,
      place,
      hasRun: false,
      context: at + 1,
      scope: 0,
      waitsFor: null,
      transaction: 1,
      attempt: 0,
      kills: 0,
      state: 'ready',
      eligibleAtMs: 1,
      createdAtMs: 1,
      ordinals: Uint16Array.of(0),
      open: 1,
      gone: noBits(1),
      requests: 0,
      memberRequests: null,
      failures: null,
      revision: 0,
    }));
    const state = initialState(1);
    state.contexts = 2;
    state.open[0]!.living = 2;
    const text = textOfState(JSON.stringify(state), {});
    this.#shared = { root: this.#root, ordinal: 0, workflow: 1, name: plan.name, version: 1, state: text };
  }

  /** What the context's transaction came to when it ran its action. */
  completed(context: number, more: Partial<CommitItem> = {}): CommitItem {
    const segment = this.#segments[context - 1]!;
    const { place } = segment;
    const isCancel = this.plan.actions[place]!.action.type === 'cancel';
    const bytes = new TextEncoder().encode('{"RESULT":1,"$workflow":{"did":true}}');
    const demand = { kind: 'act', count: 0, name: null, range: null } as const;
    const work = {
      payload: { bytes, offsets: Int32Array.of(0, bytes.length) },
      statements: [JSON.stringify([{ sql: 'insert into effects values (1)', parameters: [] }])],
    };
    return {
      held: this.world.holdings.holdSegment(segment),
      plan: this.plan,
      positions: Uint16Array.of(0),
      outcome: isCancel ? { kind: 'completed', reached: place, demand } : { kind: 'completed', reached: END },
      path: [place],
      baseMs: 1,
      times: [0, 0],
      payload: null,
      ...(isCancel ? {} : work),
      reported: false,
      events: [],
      claim: null,
      requests: 0,
      ...more,
    };
  }

  /** A store that has the instance as it stands. */
  #store() {
    return {
      shared: async () => [this.#shared],
      contextsOf: async (asked: readonly { contexts: readonly number[] | null }[]) =>
        this.#segments.filter(({ context }) => asked.some(({ contexts }) => contexts?.includes(context) ?? true)),
      bodies: async () => [],
      segments: async (ids: readonly string[]) => this.#segments.filter(({ id }) => ids.includes(id)),
    };
  }

  #parts(store: object) {
    const { holdings, ids, build } = this.world;
    const known = { plan: this.plan, version: { number: 1, version: 1 } };
    const definitions = { ensure: async () => undefined, byNumber: () => known, newestNumber: () => null };
    return { ...this.world.parts, store, definitions, holdings, ids, build } as unknown as EngineParts;
  }

  /** What is held of a context's segment when a commit is sent for the second time, after it was refused. */
  async heldWhenSentAgain(context: number, ...items: CommitItem[]): Promise<number> {
    const held = this.world.holdings.holdSegment(this.#segments[context - 1]!);
    let sent = 0;
    const commit = async () => ({ kind: ++sent === 1 ? 'stale' : 'committed' }) as const;
    const withdraw = () => undefined;
    const parts = { ...this.#parts({ ...this.#store(), commit }), dispatcher: { withdraw } } as unknown as EngineParts;
    const committer = new Committer(parts);
    committer.add(items);
    await committer.drained();
    expect(sent).toBe(2);
    return held.open;
  }

  /** Statements of the one commit of all that, and the variables in workflow scope that it leaves. */
  async commit(...items: CommitItem[]): Promise<{ statements: number; variables: object | null }> {
    const { commit } = await buildShared(items, 2, this.#parts(this.#store()));
    const state = commit.shared[0]?.state ?? null;
    const { variables } = state === null ? { variables: null } : keptState(state);
    for (const { instance } of commit.statements ?? []) expect(instance).toBe(instanceId(this.#root, 0));
    return { statements: commit.statements?.length ?? 0, variables: variables?.['0'] ?? {} };
  }
}

const untouched = { statements: 0, variables: {} };

test('one that is withdrawn before it is brought in leaves no statements, and no variables in workflow scope', async () => {
  const instance = new SplitInstance(planOf([cancel, write], []));
  expect(await instance.commit(instance.completed(1), instance.completed(2))).toEqual(untouched);
});

test('one that only moves on, of which the others need not be told, neither', async () => {
  const next: Action = { name: 'next', type: 'null' };
  const both = { ...cancel, actions: ['write', 'next'] };
  const plan = planOf([write, both, next], [{ from: 'write', to: 'next' }]);
  const instance = new SplitInstance(plan);
  const moved = instance.completed(1, { outcome: { kind: 'completed', reached: 3 }, payload: null });
  expect(await instance.commit(moved, instance.completed(2))).toEqual(untouched);
});

test('one that had come to its end before is kept, as in two commits', async () => {
  const instance = new SplitInstance(planOf([write, cancel], []));
  const both = await instance.commit(instance.completed(1), instance.completed(2));
  expect(both).toEqual({ statements: 1, variables: { did: true } });
});

test('one that is interrupted and removed is rolled back; one that is removed at its break is not', async () => {
  const instance = new SplitInstance(planOf([write, { ...write, name: 'other' }], []));
  const requests = request.interrupt | request.remove;
  expect(await instance.commit(instance.completed(1, { requests }))).toEqual(untouched);
  const removed = await instance.commit(instance.completed(1, { requests: request.remove }));
  expect(removed).toEqual({ statements: 1, variables: { did: true } });
});

test('what one writes in workflow scope up to a break is there for the others', async () => {
  const next: Action = { name: 'next', type: 'null' };
  const plan = planOf([write, { ...write, name: 'other' }, next], [{ from: 'write', to: 'next' }]);
  const instance = new SplitInstance(plan);
  const moved = await instance.commit(instance.completed(1, { outcome: { kind: 'completed', reached: 3 } }));
  expect(moved).toEqual({ statements: 1, variables: { did: true } });
});

test('of a commit that was refused nothing is believed: what it would have withdrawn is held as the store has it', async () => {
  const instance = new SplitInstance(planOf([write, cancel], []));
  // Left once, by the second sending.
  expect(await instance.heldWhenSentAgain(1, instance.completed(2))).toBe(0);
});
