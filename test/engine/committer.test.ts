// The committer on the model of the store: C1-C6, and what becomes of refused commits.

import { describe, expect, test, vi } from 'vitest';
import { EngineError } from '../../src/observe/errors.js';
import { request } from '../../src/store/contract.js';
import { SqlError } from '../../src/store/driver.js';
import { END } from '../../src/workflow/plan.js';
import { claimOf } from '../queue/queue-world.js';
import { CommitWorld, plan } from './commit-world.js';

const errorOf = (code: string) => ({ code, message: code, action: 'a', stack: '' });
const everybody = (members: number): number[] => Array.from({ length: members }, (_, at) => at);
/** JSON texts for members, as threads send them. */
const payloadOf = (texts: readonly string[]) => {
  const parts = texts.map(text => Buffer.from(text));
  const offsets = new Int32Array(texts.length + 1);
  for (const [at, part] of parts.entries()) offsets[at + 1] = offsets[at]! + part.length;
  return { bytes: new Uint8Array(Buffer.concat(parts)), offsets };
};

interface Trace {
  readonly f: number;
  readonly n: number;
  readonly o?: number[];
  readonly e: [number, ...number[]][];
  readonly x?: { code: string }[];
  readonly y?: number[];
}
/** Codes of the events each ordinal has in the audit of the commits. */
function codesByOrdinal(world: CommitWorld): Map<number, number[]> {
  const codes = new Map<number, number[]>();
  for (const { audit } of world.store.commits) {
    for (const { trace } of audit) {
      for (const group of JSON.parse(trace) as Trace[]) {
        for (let at = 0; at < group.n; at++) {
          const ordinal = group.o?.[at] ?? group.f + at;
          codes.set(ordinal, [...(codes.get(ordinal) ?? []), ...group.e.map(([code]) => code)]);
        }
      }
    }
  }
  return codes;
}

const exitingOnError = 29;
const exitingOnTimeout = 31;

describe('committer', () => {
  test('members of one group that timed out and that failed are each recorded as what they are', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(4);
    const batch = await world.run(segment);
    world.answer(batch, everybody(4), {
      kind: 'failed',
      reached: 0,
      errors: [errorOf('Mine'), errorOf('ActionTimeout')],
      errorOf: Uint16Array.of(0, 1, 1, 0),
    });
    await world.committer.drained();
    const codes = codesByOrdinal(world);
    expect(
      [0, 1, 2, 3].map(at => codes.get(at)!.find(code => code === exitingOnError || code === exitingOnTimeout)),
    ).toEqual([exitingOnError, exitingOnTimeout, exitingOnTimeout, exitingOnError]);
  });

  test('what a commit made whose first answer was lost is offered as what others may have met since', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(4);
    const batch = await world.run(segment);
    world.store.loseAnswer();
    world.answer(batch, everybody(2), { reached: 1 });
    await new Promise(resolve => setImmediate(resolve));
    world.clock.advanceMs(500);
    await world.committer.drained();
    world.answer(batch, [2, 3], { reached: 1 });
    await world.committer.drained();
    const claim = await claimOf(world.queue, { engine: 'e', limit: 10, leaseMs: 1_000 });
    expect(claim!.slices.map(({ redelivered }) => redelivered)).toEqual([true, false]);
  });

  test('what is made while the queue is found again is offered as what others may have met since', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(4);
    const batch = await world.run(segment);
    const queue = Object.assign(world.queue, { openings: 1 });
    world.store.before = () => {
      world.store.before = () => undefined;
      queue.openings = 2;
    };
    world.answer(batch, everybody(2), { reached: 1 });
    await world.committer.drained();
    world.answer(batch, [2, 3], { reached: 1 });
    await world.committer.drained();
    const claim = await claimOf(world.queue, { engine: 'e', limit: 10, leaseMs: 1_000 });
    expect(claim!.slices.map(({ redelivered }) => redelivered)).toEqual([true, false]);
  });

  test('what begins while a queue is slow to take back what a stop left is not forgotten', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(2);
    await world.run(segment);
    let goOn = (): void => undefined;
    vi.spyOn(world.queue, 'release').mockReturnValueOnce(new Promise(resolve => (goOn = resolve)));
    const released = world.committer.releaseUnfinished();
    const next = await world.submit(3);
    const batch = await world.run(next.segment);
    goOn();
    await released;
    world.answer(batch, everybody(3), { reached: 1 });
    await world.committer.drained();
    expect(world.store.model.segments.has(next.segment.id)).toBe(false);
  });

  test('what arrives together is one commit; what arrives meanwhile goes in the next', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(100);
    const batch = await world.run(segment);
    const before = world.store.commits.length;
    for (let at = 0; at < 100; at++) world.answer(batch, [at], { reached: END });
    await world.committer.drained();
    expect(world.store.commits.length - before).toBeLessThanOrEqual(3);
    expect(world.store.model.segments.size).toBe(0);
    expect((await world.queue.counts()).claimed).toBe(0);
  });

  test('C2: a commit that an operation came before is decided again, with what the operation asks', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(3);
    const batch = await world.run(segment);
    let isFirst = true;
    world.store.before = () => {
      if (!isFirst) return;
      isFirst = false;
      const { model } = world.store;
      model.segments.set(segment.id, {
        ...model.segments.get(segment.id)!,
        revision: 1,
        requests: request.pause,
        memberRequests: { 2: request.remove },
      });
    };
    world.answer(batch, everybody(3), {});
    await world.committer.drained();
    const standing = [...world.store.model.segments.values()];
    expect(standing.map(({ state, place, ordinals }) => [state, place, [...ordinals]])).toEqual([
      ['paused', 1, [0, 1]],
    ]);
    expect(world.store.model.outcomes.map(({ state, ordinals }) => [state, [...ordinals]])).toEqual([['removed', [2]]]);
    expect(await world.queue.counts()).toMatchObject({ ready: 0, claimed: 0 });
  });

  test('C2: members somebody else has committed are dropped, the others are committed', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(3);
    const batch = await world.run(segment);
    let isFirst = true;
    world.store.before = () => {
      if (!isFirst) return;
      isFirst = false;
      const { model } = world.store;
      model.segments.set(segment.id, { ...model.segments.get(segment.id)!, open: 2, gone: Uint8Array.of(0b0100_0000) });
    };
    world.answer(batch, everybody(3), { reached: END, payload: payloadOf(['1', '2', '3']) });
    await world.committer.drained();
    const [outcome] = world.store.model.outcomes;
    expect([...outcome!.ordinals]).toEqual([0, 2]);
    const body = world.store.model.bodies.get(outcome!.body!)!;
    expect(Buffer.from(body.bytes).toString()).toBe('13');
    expect(codesByOrdinal(world).has(1)).toBe(false);
    expect((await world.queue.counts()).claimed).toBe(0);
  });

  test.each([2, 7, 64, 200])(
    'C4: of %i members the one whose value the store refuses fails, alone, the others finish',
    async members => {
      const world = new CommitWorld();
      const { segment } = await world.submit(members);
      const batch = await world.run(segment);
      const culprit = members >> 1;
      world.store.before = commit => {
        const isPoisoned = commit.bodies.some(({ bytes }) => Buffer.from(bytes).toString().includes('poison'));
        if (isPoisoned) throw new SqlError('22021', 'cannot be stored', 'commit_bodies');
      };
      world.answer(batch, everybody(members), {
        reached: END,
        payload: payloadOf(everybody(members).map(at => (at === culprit ? '"poison"' : `${at}`))),
      });
      await world.committer.drained();
      const finished = world.store.model.outcomes.flatMap(({ ordinals }) => [...ordinals]).sort((a, b) => a - b);
      expect(finished).toEqual(everybody(members).filter(at => at !== culprit));
      const [standing] = [...world.store.model.segments.values()];
      expect([standing!.state, standing!.attempt, [...standing!.ordinals]]).toEqual(['ready', 1, [culprit]]);
      expect(codesByOrdinal(world).get(culprit)).toContain(exitingOnError);
      expect(world.failures.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(members)) + 2);
      expect(await world.queue.counts()).toMatchObject({ claimed: 0, ready: 1 });
    },
  );

  test('when the store does not answer, the commit is tried again, and members are committed once', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(5);
    const batch = await world.run(segment);
    let failuresLeft = 2;
    world.store.before = () => {
      if (failuresLeft-- > 0) throw new Error('no answer');
    };
    world.answer(batch, everybody(5), { reached: END });
    while (world.store.model.outcomes.length === 0) {
      await new Promise(resolve => setImmediate(resolve));
      world.clock.advanceMs(500);
    }
    await world.committer.drained();
    expect(world.store.model.outcomes.map(({ ordinals }) => [...ordinals])).toEqual([[0, 1, 2, 3, 4]]);
    expect(world.failures.length).toBe(2);
  });

  test.each(['53100', '53200', '40001', '40P01', '57P01', '08006', '42P01'])(
    'C5: trouble of the store (%s) fails nobody: the same commit is sent until it is taken',
    async code => {
      const world = new CommitWorld();
      const { segment } = await world.submit(64);
      const batch = await world.run(segment);
      const sent: string[] = [];
      world.store.before = ({ id }) => {
        sent.push(id);
        if (sent.length <= 3) throw new SqlError(code, 'in trouble', 'commit_bodies');
      };
      world.answer(batch, everybody(64), { reached: END });
      while (world.store.model.outcomes.length === 0) {
        await new Promise(resolve => setImmediate(resolve));
        world.clock.advanceMs(500);
      }
      await world.committer.drained();
      expect(sent).toEqual(Array(4).fill(sent[0]));
      expect(world.failures.length).toBe(3);
      expect(world.store.model.outcomes.map(({ ordinals }) => [...ordinals])).toEqual([everybody(64)]);
      expect(world.store.model.segments.size).toBe(0);
      expect((await world.queue.counts()).claimed).toBe(0);
    },
  );

  test('C6: when a refused commit cannot be decided again its members are kept, and decided after a pause', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(8);
    const batch = await world.run(segment);
    const told: unknown[] = [];
    world.mainFailed = error => told.push(error);
    let isFirst = true;
    world.store.before = () => {
      if (!isFirst) return;
      isFirst = false;
      world.store.beforeRead = () => {
        world.store.beforeRead = () => undefined;
        throw new SqlError('22000', 'cannot be read', 'segments');
      };
      throw new SqlError('22021', 'cannot be stored', 'commit_bodies');
    };
    world.answer(batch, everybody(8), { reached: END });
    while (world.store.model.outcomes.length === 0) {
      await new Promise(resolve => setImmediate(resolve));
      world.clock.advanceMs(500);
    }
    await world.committer.drained();
    expect(told.map(String)).toEqual(['SqlError: cannot be read']);
    expect(world.store.model.outcomes.map(({ ordinals }) => [...ordinals])).toEqual([everybody(8)]);
    expect((await world.queue.counts()).claimed).toBe(0);
  });

  test.each([
    ['at a break, where they go on', 1],
    ['at the end', END],
  ])(
    'a reply that was lost is no loss: the commit is recognised, members are committed once, %s',
    async (_, reached) => {
      const world = new CommitWorld();
      const { segment } = await world.submit(5);
      const batch = await world.run(segment);
      let isFirst = true;
      world.store.before = commit => {
        if (!isFirst) return;
        isFirst = false;
        world.store.model.apply(commit);
        throw new Error('the connection broke after the commit');
      };
      world.answer(batch, everybody(5), { reached });
      while ((await world.queue.counts()).claimed > 0) {
        await new Promise(resolve => setImmediate(resolve));
        world.clock.advanceMs(500);
      }
      await world.committer.drained();
      const { model } = world.store;
      expect(model.outcomes.map(({ ordinals }) => [...ordinals])).toEqual(reached === END ? [everybody(5)] : []);
      expect([...model.segments.values()].map(({ place, ordinals }) => [place, [...ordinals]])).toEqual(
        reached === END ? [] : [[1, everybody(5)]],
      );
      const { ready, delayed } = await world.queue.counts();
      expect(ready + delayed).toBe(reached === END ? 0 : 5);
    },
  );

  test('retried counts what an error put back to be tried again, not what an operation moved', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(3);
    const batch = await world.run(segment);
    const error = { errors: [errorOf('Mine')], errorOf: Uint16Array.of(0, 0, 0) };
    world.answer(batch, everybody(3), { kind: 'failed', reached: 0, ...error });
    await world.committer.drained();
    const [waiting] = world.store.model.segments.values();
    const moved = {
      held: world.holdings.segment(waiting!.id)!,
      plan,
      positions: Uint16Array.of(1),
      outcome: { kind: 'waiting', cause: 'request', eligibleAtMs: 1 },
      path: [],
      baseMs: 1,
      times: [],
      payload: null,
      reported: false,
      events: [],
      claim: null,
      requests: request.pause,
    } as const;
    expect(await world.committer.commitNow([moved], [], [])).toBe(true);
    expect([...world.store.model.segments.values()].map(({ state, attempt }) => [state, attempt]).sort()).toEqual([
      ['paused', 1],
      ['ready', 1],
    ]);
    expect(world.metrics.retried.value).toBe(3);
    expect(world.metrics.failed.value).toBe(0);
  });

  test.each([
    ['stays out of reach', Number.POSITIVE_INFINITY],
    ['comes back', 10],
  ])('an operation on a store that %s: it is asked again for 15 s, then whoever waits is told', async (_, away) => {
    const world = new CommitWorld();
    await world.submit(1);
    let asked = 0;
    world.store.before = () => {
      if (++asked <= away) throw new EngineError('STORE_UNAVAILABLE', 'nobody answers');
    };
    const startedMs = world.clock.monotonicMs();
    let told: unknown = null;
    world.committer.commitNow([], [], []).then(
      isDurable => {
        told = isDurable;
      },
      (error: unknown) => {
        told = error;
      },
    );
    while (told === null) {
      await new Promise(resolve => setImmediate(resolve));
      if (told === null && world.clock.pendingCount > 0) world.clock.advanceMs(500);
    }
    const tookMs = world.clock.monotonicMs() - startedMs;
    if (away < 100) return expect([told, asked, tookMs]).toEqual([true, 11, 5_000]);
    expect(told).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect([asked, tookMs]).toEqual([32, 15_500]);
  });

  test('an operation that was refused leaves no trace, and says so', async () => {
    const world = new CommitWorld();
    const { segment } = await world.submit(3);
    const { model } = world.store;
    model.segments.set(segment.id, { ...segment, revision: 1 });
    const change = {
      segment: segment.id,
      revision: 0,
      state: 'ready',
      attempt: 0,
      kills: 0,
      eligibleAtMs: 1,
      requests: 1,
      memberRequests: null,
    } as const;
    expect(
      await world.committer.commitNow([], [change], [{ root: segment.root, atMs: 1, trace: '[]', events: 0 }]),
    ).toBe(false);
    expect(await world.committer.commitNow([], [{ ...change, revision: 1 }], [])).toBe(true);
    expect(model.audit).toBe(0);
    expect(world.holdings.segment(segment.id)).toBeUndefined();
  });
});
