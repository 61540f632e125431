// Operations on the model of the store: what they do when commits come in between, and when they fail.

import { expect, test, vi } from 'vitest';
import { Operator } from '../../src/engine/operations/operator.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { EngineError } from '../../src/observe/errors.js';
import { type Located, type Outcome, request, type Scope, type Segment } from '../../src/store/contract.js';
import { SqlError } from '../../src/store/driver.js';
import { instanceId, splitInstanceId } from '../../src/workflow/instance-id.js';
import { CommitWorld, plan } from './commit-world.js';

const scope: Scope = { kind: 'workflow', name: plan.name };

class OperateWorld extends CommitWorld {
  /** Happens before each page is read. */
  beforeSelect: () => void = () => undefined;
  byNumber = () => ({ plan });
  readonly operator: Operator;

  constructor() {
    super();
    const { clock, ids, queue, holdings, committer, store } = this;
    const select = async (_: Scope, _horizonMs: number, after: string | null, limit: number): Promise<Segment[]> => {
      this.beforeSelect();
      const all = [...store.model.segments.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      return all.filter(({ id }) => after === null || id > after).slice(0, limit);
    };
    const locate = async (instance: string): Promise<Located | null> => {
      const { root, ordinal } = splitInstanceId(instance)!;
      const contexts = [...store.model.segments.values()]
        .filter(each => each.root === root)
        .map(segment => ({ segment, position: segment.ordinals.indexOf(ordinal) }));
      return contexts.length > 0
        ? { kind: 'open', instance, contexts }
        : { kind: 'left', instance, outcome: {} as Outcome };
    };
    this.operator = new Operator({
      clock,
      ids,
      queue,
      holdings,
      committer,
      store: { select, locate, segments: (given: readonly string[]) => store.segments(given) },
      definitions: { byNumber: () => this.byNumber(), ensure: async () => undefined },
      filter: { allows: () => false },
      build: this.build,
      wake: () => undefined,
    } as unknown as EngineParts);
  }

  /** Members in the queue. */
  async waiting(): Promise<number> {
    const { ready, delayed } = await this.queue.counts();
    return ready + delayed;
  }

  segments(): Segment[] {
    return [...this.store.model.segments.values()];
  }

  /** As another engine's operation would. */
  touchAll(): void {
    for (const segment of this.segments())
      this.store.model.segments.set(segment.id, { ...segment, revision: segment.revision + 1 });
  }

  /** All that is ready has run and failed. */
  failAll(): number {
    let failed = 0;
    for (const segment of this.segments()) {
      if (segment.state !== 'ready') continue;
      this.store.model.segments.delete(segment.id);
      const id = this.ids.next();
      this.store.model.segments.set(id, { ...segment, id, state: 'failed', revision: 0 });
      failed += segment.open;
    }
    return failed;
  }
}

test('a recover runs an instance once, however soon it fails again', async () => {
  const world = new OperateWorld();
  for (let n = 0; n < 510; n++) await world.submit(1);
  world.failAll();
  let failedAgain = 0;
  world.beforeSelect = () => {
    failedAgain += world.failAll();
  };
  expect(await world.operator.run('recover', scope, 'u')).toEqual({ contexts: 510, segments: 510 });
  failedAgain += world.failAll();
  // Those of the first page had failed again, and were found again, when the second was read.
  expect(failedAgain).toBe(510);
  expect(world.segments().length).toBe(510);
});

test('an operation that loses every race says so, and what waited waits', async () => {
  const world = new OperateWorld();
  for (let n = 0; n < 3; n++) await world.submit(10);
  world.store.before = () => world.touchAll();
  await expect(world.operator.run('pause', scope, 'u')).rejects.toMatchObject({
    code: 'OPERATION_CONTENDED',
    message: expect.stringContaining('0 flow contexts were changed'),
  });
  expect(await world.waiting()).toBe(30);
});

test('what a commit has moved on before the operation could change it is found where it is now', async () => {
  const world = new OperateWorld();
  for (let n = 0; n < 3; n++) await world.submit(10);
  world.store.before = () => {
    world.store.before = () => undefined;
    for (const segment of world.segments()) {
      world.store.model.segments.delete(segment.id);
      const id = world.ids.next();
      world.store.model.segments.set(id, { ...segment, id, place: segment.place + 1 });
    }
  };
  expect(await world.operator.run('pause', scope, 'u')).toEqual({ contexts: 30, segments: 3 });
  expect(world.segments().map(({ requests }) => requests)).toEqual([1, 1, 1]);
});

test('a page that lost a race is decided in halves, until each gets through', async () => {
  const world = new OperateWorld();
  for (let n = 0; n < 64; n++) await world.submit(2);
  let sent = 0;
  world.store.before = ({ changes }) => {
    sent += 1;
    if (changes.length > 4) world.touchAll();
  };
  expect(await world.operator.run('pause', scope, 'u')).toEqual({ contexts: 128, segments: 64 });
  expect(sent).toBeLessThanOrEqual(31);
  expect(world.segments().every(({ requests }) => requests === 1)).toBe(true);
  expect(await world.waiting()).toBe(0);
});

test.each([
  ['a commit that fails', 'the scope', 'cannot be stored'],
  ['a commit that fails', 'one of them', 'cannot be stored'],
  ['a definition that is not there', 'the scope', 'no such version'],
  ['a definition that is not there', 'one of them', 'no such version'],
])('%s leaves everything where it was, in the queue and in what is held: %s', async (fault, on, message) => {
  const world = new OperateWorld();
  const { root, segment } = await world.submit(10);
  if (fault === 'a commit that fails') {
    world.store.before = () => {
      throw new SqlError('22021', message, 'commit_audit');
    };
  } else {
    world.byNumber = () => {
      throw new Error(message);
    };
  }
  const target = on === 'the scope' ? scope : ({ kind: 'instance', instance: root.id } as const);
  await expect(world.operator.run('remove', target, 'u')).rejects.toThrow(message);
  expect(await world.waiting()).toBe(10);
  expect(world.holdings.segment(segment.id)?.open ?? 10).toBe(10);
});

test.each(['the scope', 'one of them'])(
  'a queue that does not answer has nothing taken out of it in the end: %s',
  async on => {
    const world = new OperateWorld();
    const { root } = await world.submit(10);
    const fault = new EngineError('QUEUE_UNAVAILABLE', 'the answer was lost');
    const claimed = vi.spyOn(world.queue, 'claimed').mockRejectedValueOnce(fault);
    const target = on === 'the scope' ? scope : ({ kind: 'instance', instance: root.id } as const);
    await expect(world.operator.run('pause', target, 'u')).rejects.toBe(fault);
    expect(claimed).toHaveBeenCalledOnce();
    expect(await world.waiting()).toBe(10);
    // A part of the withdrawal was done, then its answer was lost.
    const { withdraw } = world.queue;
    vi.spyOn(world.queue, 'withdraw').mockImplementationOnce(async slices => {
      await withdraw.call(world.queue, slices);
      throw fault;
    });
    await expect(world.operator.run('pause', target, 'u')).rejects.toBe(fault);
    expect(await world.waiting()).toBe(10);
  },
);

test('what waits for others is removed at once, whole segments and single members, and offered to nobody', async () => {
  const world = new OperateWorld();
  const { root, segment } = await world.submit(3);
  await world.queue.withdraw([{ segment: segment.id, from: 0, to: 3 }]);
  const { segments } = world.store.model;
  const stand = (): void => {
    segments.clear();
    for (const [at, state] of (['joining', 'waiting', 'failed'] as const).entries()) {
      const id = world.ids.next();
      segments.set(id, { ...segment, id, state, context: at + 1 });
    }
  };
  const sent = vi.spyOn(world.committer, 'commitNow').mockImplementation(async items => {
    for (const { held } of items) segments.delete(held.segment.id);
    return true;
  });
  stand();
  expect(await world.operator.run('remove', scope, 'u')).toEqual({ contexts: 9, segments: 3 });
  const [items, changes] = sent.mock.calls[0]!;
  expect(changes).toEqual([]);
  expect(
    items.map(({ held, positions, outcome, requests }) => [held.segment.state, [...positions], outcome, requests]),
  ).toEqual(
    ['joining', 'waiting', 'failed'].map(state => {
      return [state, [0, 1, 2], { kind: 'waiting', cause: 'request', eligibleAtMs: 1 }, request.remove];
    }),
  );
  sent.mockClear();
  stand();
  // The contexts of one instance, in one commit.
  const target = { kind: 'instance', instance: instanceId(root.id, 1) } as const;
  expect(await world.operator.run('remove', target, 'u')).toEqual({ contexts: 3, segments: 3 });
  expect(sent).toHaveBeenCalledOnce();
  const [alone, none] = sent.mock.calls[0]!;
  expect(none).toEqual([]);
  expect(alone.map(({ held, positions }) => [held.segment.context, [...positions]])).toEqual([
    [1, [1]],
    [2, [1]],
    [3, [1]],
  ]);
  expect(await world.waiting()).toBe(0);
});
