// Reports of what is executing, on the model of the store: what began is in the audit once, whatever becomes of a report.

import { describe, expect, test } from 'vitest';
import { Reporter } from '../../src/engine/commit/reporter.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { emptyBitmap, setBit } from '../../src/store/bitmap.js';
import type { Commit } from '../../src/store/contract.js';
import { SqlError } from '../../src/store/driver.js';
import { emptyCommit } from '../../src/store/empty-commit.js';
import { eventCode } from '../../src/workflow/events.js';
import { auditFilter } from '../../src/workflow/filter.js';
import { CommitWorld } from './commit-world.js';

const isReport = ({ marks, audit }: Commit): boolean =>
  marks.length === 0 && audit.some(({ trace }) => trace.includes(`[${eventCode('EnteringAction')},`));

/** Two members execute in one batch since the beginning. */
async function reporting() {
  const world = new CommitWorld();
  const { segment } = await world.submit(2);
  const batch = await world.run(segment);
  const startedAtMs = world.clock.nowMs();
  const executing = new Set([0, 1]);
  const filter = auditFilter(undefined);
  if (!filter.ok) throw new Error('no filter');
  const { clock, committer, ids, build } = world;
  const reporter = new Reporter({
    clock,
    committer,
    ids,
    build,
    store: world.store,
    filter: filter.value,
    health: { storeFailed: (error: unknown) => world.failures.push(error) },
    dispatcher: { executing: () => [...executing].map(slot => ({ batch, slot, place: 0, startedAtMs })) },
  } as unknown as EngineParts);
  reporter.start();
  const end = (slots: readonly number[]): void => {
    for (const slot of slots) executing.delete(slot);
    world.answer(batch, slots, { kind: 'completed', reached: 1 });
  };
  /** Ordinals and names of beginnings, in the order in which they became durable. */
  const begun = (): string[] => {
    const found: string[] = [];
    for (const { audit } of world.store.commits) {
      for (const { trace } of audit) {
        for (const { f, n, e } of JSON.parse(trace) as { f: number; n: number; e: number[][] }[]) {
          for (let at = f; at < f + n; at++)
            if (e.some(([code]) => code === eventCode('EnteringAction'))) found.push(`${at} entering`);
        }
      }
    }
    return found.sort();
  };
  const failReports = (): void => {
    world.store.before = commit => {
      if (isReport(commit)) throw new SqlError('22P05', 'not for this store', 'commit_audit');
    };
  };
  /** Reports that are under way have been answered. */
  const settled = () => new Promise(resolve => setImmediate(resolve));
  return { world, segment, batch, reporter, end, begun, failReports, settled };
}

const once = ['0 entering', '1 entering'];

describe('reporter', () => {
  test('what was reported is left out of the commit that ends it', async () => {
    const { world, end, begun, settled } = await reporting();
    world.clock.advanceMs(250);
    await settled();
    expect(begun()).toEqual(once);
    end([0, 1]);
    await world.committer.drained();
    expect(begun()).toEqual(once);
    expect(world.store.model.segments.size).toBe(1);
  });

  test('a trigger that takes long is told of when it has answered', async () => {
    const { world, batch, begun, settled } = await reporting();
    const { plan } = world.committer.batches.get(batch)!.parts[0]!;
    Object.assign(world.committer.batches.get(batch)!.parts[0]!, {
      plan: { ...plan, actions: plan.actions.map(action => ({ ...action, isTrigger: true })) },
    });
    world.clock.advanceMs(250);
    await settled();
    expect(begun()).toEqual([]);
    expect(world.store.commits.filter(isReport)).toEqual([]);
  });

  test('a report that fails marks nobody: the commit that ends them says that they began', async () => {
    const { world, end, begun, failReports, settled } = await reporting();
    failReports();
    world.clock.advanceMs(250);
    await settled();
    expect(world.failures).not.toEqual([]);
    end([0, 1]);
    await world.committer.drained();
    expect(begun()).toEqual(once);
  });

  test('after a report that failed the next one says it', async () => {
    const { world, end, begun, failReports, settled } = await reporting();
    failReports();
    world.clock.advanceMs(250);
    await settled();
    world.store.before = () => undefined;
    world.clock.advanceMs(250);
    await settled();
    expect(begun()).toEqual(once);
    end([0]);
    end([1]);
    await world.committer.drained();
    expect(begun()).toEqual(once);
  });

  test('a report whose answer was lost is sent again as the same, and told once', async () => {
    const { world, reporter, end, begun, settled } = await reporting();
    let lost = 0;
    const apply = world.store.commit.bind(world.store);
    world.store.commit = async commit => {
      const answer = await apply(commit);
      if (commit.marks.length === 0 && lost++ === 0) throw new Error('no answer');
      return answer;
    };
    world.clock.advanceMs(250);
    await settled();
    expect(lost).toBe(1);
    end([0, 1]);
    await settled();
    reporter.stop();
    // What has ended waits for the report.
    expect(world.store.commits.filter(({ marks }) => marks.length > 0)).toEqual([]);
    world.clock.advanceMs(500);
    await world.committer.drained();
    expect(begun()).toEqual(once);
  });

  test('nothing is told of members that somebody else has moved on', async () => {
    const { world, segment, begun, settled } = await reporting();
    const leaving = emptyBitmap(2);
    setBit(leaving, 1);
    const mark = { segment: segment.id, revision: 0, leaving, positions: 2, count: 1 };
    await world.store.commit({ ...emptyCommit(world.ids.next(), 1), marks: [mark] });
    world.clock.advanceMs(250);
    await settled();
    expect(world.store.refused).toBe(1);
    expect(begun()).toEqual(['0 entering']);
    world.clock.advanceMs(250);
    await settled();
    expect(world.store.refused).toBe(1);
    expect(begun()).toEqual(['0 entering']);
  });

  test.each(['fails', 'holds'])('members that end while a report is under way that %s', async what => {
    const { world, end, begun, failReports } = await reporting();
    if (what === 'fails') failReports();
    world.clock.advanceMs(250);
    // Nothing has been awaited: the report has no answer yet.
    end([0]);
    const drained = world.committer.drained();
    end([1]);
    await drained;
    expect(begun()).toEqual(once);
    expect([...world.store.model.segments.values()].map(({ place, open }) => [place, open])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(world.committer.batches.size).toBe(0);
  });
});
