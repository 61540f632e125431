// The part of the Store contract about deadlines.

import { expect, test } from 'vitest';
import type { Store } from '../../src/store/contract.js';
import type { DeadlineChanges, DeadlineKind, DeadlineRow } from '../../src/store/deadlines.js';
import { markOf, nothing, outcomeOf, rootOf, segmentOf } from './conformance.js';

/** Before what other tests, and other runs of this one, leave behind. */
let earlyMs = 1_000;

function rowOf(root: string, kind: DeadlineKind, momentMs: number, ordinals: number[], isRun = false): DeadlineRow {
  const ordinalList = Uint16Array.from(ordinals);
  const { id } = nothing();
  return { id, root, workflow: 1, kind, isRun, momentMs, dueMs: momentMs + 1, ordinals: ordinalList };
}

function changing(changes: Partial<DeadlineChanges>) {
  return { ...nothing(), deadlines: { met: [], passed: [], ended: [], begun: [], ...changes } };
}

export function deadlineConformance(storeOf: () => Store): void {
  /** Of a root: kind, moment and members, in order. */
  const rowsOf = async (root: string): Promise<[DeadlineKind, number, number[]][]> => {
    const rows = await storeOf().deadlines.due(Number.MAX_SAFE_INTEGER, 100_000);
    return rows.filter(row => row.root === root).map(({ kind, momentMs, ordinals }) => [kind, momentMs, [...ordinals]]);
  };

  test('L1: a moment is met once, whoever tells of it, and the next one is known', async () => {
    const store = storeOf();
    earlyMs -= 10;
    const root = rootOf(500);
    const rows = [rowOf(root.id, 'approaching', earlyMs, [0, 499]), rowOf(root.id, 'exceeded', earlyMs + 5, [0, 499])];
    await store.commit(changing({ begun: rows }));
    expect(await store.deadlines.next()).toBe(earlyMs);
    expect(await store.deadlines.due(earlyMs - 1, 10)).toEqual([]);
    expect(await store.deadlines.due(earlyMs, 10)).toEqual([rows[0]]);
    const rivals = await Promise.all(
      [1, 2, 3].map(() => store.commit(changing({ met: [{ row: rows[0]!, againMs: null }] }))),
    );
    expect(rivals.map(({ kind }) => kind).sort()).toEqual(['committed', 'stale', 'stale']);
    expect(await store.deadlines.next()).toBe(earlyMs + 5);
    await store.commit(changing({ met: [{ row: rows[1]!, againMs: null }] }));
    expect(await rowsOf(root.id)).toEqual([]);
  });

  test('runs: one is under way at a time, ends take the moments to come, and what has come stays to be told', async () => {
    const store = storeOf();
    const root = rootOf(4);
    const begin = (atMs: number, ordinals: number[]) =>
      store.commit(
        changing({
          begun: [
            rowOf(root.id, 'approaching', atMs, ordinals, true),
            rowOf(root.id, 'exceeded', atMs + 10, ordinals, true),
          ],
        }),
      );
    const end = (atMs: number, ordinals: number[]) =>
      store.commit(changing({ ended: [{ root: root.id, ordinals: Uint16Array.from(ordinals), atMs }] }));
    await begin(2_000_000, [0, 1, 2]);
    await begin(2_000_100, [1, 2, 3]);
    const first = [
      ['approaching', 2_000_000, [0, 1, 2]],
      ['exceeded', 2_000_010, [0, 1, 2]],
    ];
    const second = [
      ['approaching', 2_000_100, [3]],
      ['exceeded', 2_000_110, [3]],
    ];
    expect(await rowsOf(root.id)).toEqual([...first, ...second]);
    expect(await store.deadlines.dueOfRun(root.id, 3)).toBe(2_000_111);
    await end(1_999_999, [0]);
    await end(2_000_005, [1, 3]);
    expect(await rowsOf(root.id)).toEqual([
      ['approaching', 2_000_000, [1, 2]],
      ['exceeded', 2_000_010, [2]],
    ]);
    expect(await store.deadlines.dueOfRun(root.id, 3)).toBeNull();
    await end(2_000_010, [2]);
    await begin(2_000_200, [2]);
    expect(await rowsOf(root.id)).toEqual([
      ['approaching', 2_000_000, [1, 2]],
      ['past', 2_000_010, [2]],
      ['approaching', 2_000_200, [2]],
      ['exceeded', 2_000_210, [2]],
    ]);
    const left = (await store.deadlines.due(Number.MAX_SAFE_INTEGER, 100_000)).filter(row => row.root === root.id);
    await store.commit(changing({ met: left.map(row => ({ row, againMs: null })) }));
  });

  test('runs that end at once in commits of rivals leave nobody behind', async () => {
    const store = storeOf();
    const roots = [rootOf(40), rootOf(40)].map(({ id }) => id);
    const all = Array.from({ length: 40 }, (_, ordinal) => ordinal);
    await store.commit(changing({ begun: roots.map(root => rowOf(root, 'exceeded', 3_000_000, all, true)) }));
    const answers = await Promise.all(
      all.map(ordinal => {
        const order = ordinal % 2 === 0 ? roots : [...roots].reverse();
        const ended = order.map(root => ({ root, ordinals: Uint16Array.of(ordinal), atMs: 1 }));
        return store.commit(changing({ ended }));
      }),
    );
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['committed']));
    for (const root of roots) expect(await rowsOf(root)).toEqual([]);
  });

  test('a million deadlines of 2,000 roots are as many rows, and of none is due what has not come', async () => {
    const store = storeOf();
    const all = Array.from({ length: 500 }, (_, ordinal) => ordinal);
    const laterMs = 4_000_000;
    for (let commits = 0; commits < 4; commits++) {
      const roots = Array.from({ length: 500 }, () => rootOf(1).id);
      const begun = roots.map((root, at) => rowOf(root, 'exceeded', laterMs + commits * 500 + at, all));
      expect((await store.commit(changing({ begun }))).kind).toBe('committed');
    }
    expect(await store.deadlines.due(laterMs - 1, 10)).toEqual([]);
    const [row] = await store.query(
      'select count(*), sum(bit_count(members)) from millrace_deadline where moment >= $1::bigint',
      [String(laterMs)],
    );
    expect(row).toEqual(['2000', '1000000']);
    const page = await store.deadlines.due(laterMs + 49, 100);
    expect(page.map(({ momentMs }) => momentMs)).toEqual(Array.from({ length: 50 }, (_, at) => laterMs + at));
  });

  test('L2: who lives is known, and when the others left', async () => {
    const store = storeOf();
    const root = rootOf(3);
    const segment = segmentOf(root, [0, 1, 2]);
    await store.commit({ ...nothing(), roots: [root], segments: [segment] });
    const outcomes = [outcomeOf(segment, [1])];
    await store.commit({ ...nothing(), marks: [markOf(segment, [1])], outcomes });
    const lives = (await store.deadlines.livesOf([root.id])).get(root.id)!;
    expect([...lives.living]).toEqual([0, 2]);
    expect([...lives.leftAtMs]).toEqual([[1, outcomes[0]!.finishedAtMs]]);
  });
}
