// The part of the Store contract about runs.

import { expect, test } from 'vitest';
import type { Store } from '../../src/store/contract.js';
import type { RunChanges, RunGroup, RunTally } from '../../src/store/runs.js';
import { nothing, rootOf } from './conformance.js';

const none: RunChanges = { begun: [], ended: [], passed: [], begunAgain: [], broken: [], tallies: [] };
let workflows = 0;

function runs(changes: Partial<RunChanges>) {
  return { ...nothing(), runs: { ...none, ...changes } };
}

function tallyOf(name: string, action: string, count: number, runMs: number, more: Partial<RunTally> = {}): RunTally {
  return { name, action, count, runMs, waitMs: 0, premature: 0, ...more };
}

export function runConformance(storeOf: () => Store): void {
  const nameOfNext = (): string => {
    workflows += 1;
    return `/runs/${storeOf().info.kind}/flow ${workflows} ${nothing().id}`;
  };

  function groupOf(name: string, root: string, startedMs: Readonly<Record<number, number>>): RunGroup {
    const ordinals = Object.keys(startedMs).map(Number);
    return {
      id: nothing().id,
      root,
      workflow: 1,
      name,
      dueMs: null,
      ordinals: Uint16Array.from(ordinals),
      startedMs: ordinals.map(ordinal => startedMs[ordinal]!),
    };
  }

  function endsOf(root: string, endedMs: Readonly<Record<number, number>>) {
    const ordinals = Object.keys(endedMs).map(Number);
    return { root, ordinals: Uint16Array.from(ordinals), endedMs: ordinals.map(ordinal => endedMs[ordinal]!) };
  }

  /** Action, count, sums and premature ones of a name. */
  async function sumsOf(name: string): Promise<[string, number, number, number, number][]> {
    const rows = await storeOf().query(
      `select action, sum(count), sum(run_ms), sum(wait_ms), sum(premature) from millrace_run_average
       where name = $1::text group by action order by action`,
      [name],
    );
    return rows.map(([action, ...sums]) => [action!, ...(sums.map(Number) as [number, number, number, number])]);
  }

  /** Ordinal, start and end of runs of a root; `null`: it goes on; premature ones apart. */
  async function told(root: string): Promise<{ open: number[][]; ended: number[][]; premature: number[][] }> {
    const each = (table: string, bits: string, ended: string): string =>
      `select ordinal, started[bit_count(substring(members from 1 for ordinal)) + 1], ${ended}
       from ${table} cross join lateral generate_series(0, 511) ordinal
       where root = $1::uuid and get_bit(${bits}, ordinal) = 1`;
    const end = 'ended[bit_count(substring(members from 1 for ordinal)) + 1]';
    const read = async (text: string): Promise<number[][]> =>
      (await storeOf().query(`${text} order by 2, 1`, [root])).map(row => row.map(Number));
    return {
      open: await read(each('millrace_open_run', 'open', '0')),
      ended: await read(`${each('millrace_run', 'members', end)} and not is_premature`),
      premature: await read(`${each('millrace_run', 'members', end)} and is_premature`),
    };
  }

  test('R1: averages add up over commits, and one that is sent again counts once', async () => {
    const [name, other] = [nameOfNext(), nameOfNext()];
    const first = runs({
      tallies: [tallyOf(other, '', 1, 5), tallyOf(name, 'b', 2, 30, { waitMs: 7 }), tallyOf(name, '', 3, 100)],
    });
    const all = [
      first,
      first,
      ...[1, 2, 3].map(n => runs({ tallies: [tallyOf(name, '', n, 10 * n, { premature: 1 })] })),
    ];
    for (const answer of await Promise.all(all.map(commit => storeOf().commit(commit)))) {
      expect(answer.kind).toBe('committed');
    }
    expect(await sumsOf(name)).toEqual([
      ['', 9, 160, 0, 3],
      ['b', 2, 30, 7, 0],
    ]);
    expect(await sumsOf(other)).toEqual([['', 1, 5, 0, 0]]);
  });

  test('R2: marked runs begin together and end apart, and a member has one under way', async () => {
    const store = storeOf();
    const name = nameOfNext();
    const { id: root } = rootOf(500);
    await store.commit(runs({ begun: [groupOf(name, root, { 0: 100, 3: 103, 499: 149 })] }));
    await store.commit(runs({ begun: [groupOf(name, root, { 3: 200, 4: 204 })] }));
    await store.commit(runs({ ended: [endsOf(root, { 3: 303, 4: 304, 5: 305 })] }));
    expect(await told(root)).toEqual({
      open: [
        [0, 100, 0],
        [499, 149, 0],
      ],
      ended: [
        [3, 103, 303],
        [4, 204, 304],
      ],
      premature: [],
    });
    await store.commit(runs({ begun: [groupOf(name, root, { 3: 400 })], broken: [endsOf(root, { 499: 500 })] }));
    await store.commit(runs({ ended: [endsOf(root, { 0: 90, 3: 401 })] }));
    // One that ends before it began, by the clocks of two, has taken no time.
    expect(await told(root)).toEqual({
      open: [],
      ended: [
        [0, 100, 100],
        [3, 103, 303],
        [4, 204, 304],
        [3, 400, 401],
      ],
      premature: [[499, 149, 500]],
    });
    expect(await sumsOf(name)).toEqual([['', 4, 301, 0, 1]]);
  });

  test('in one commit a run ends, others pass, and the last one goes on or is broken off', async () => {
    const store = storeOf();
    const name = nameOfNext();
    const { id: root } = rootOf(2);
    await store.commit(runs({ begun: [groupOf(name, root, { 0: 10 })] }));
    await store.commit(
      runs({
        begun: [groupOf(name, root, { 0: 20, 1: 21 })],
        ended: [endsOf(root, { 0: 30, 1: 31 })],
        passed: [{ ...groupOf(name, root, { 0: 40, 1: 41 }), endedMs: [45, 46] }],
        begunAgain: [groupOf(name, root, { 0: 50, 1: 51 })],
        broken: [endsOf(root, { 1: 60 })],
      }),
    );
    expect(await told(root)).toEqual({
      open: [[0, 50, 0]],
      ended: [
        [0, 10, 30],
        [1, 21, 31],
        [0, 40, 45],
        [1, 41, 46],
      ],
      premature: [[1, 51, 60]],
    });
    expect(await sumsOf(name)).toEqual([['', 4, 40, 0, 1]]);
  });

  test('rivals end runs that began together: each is told of once, and none stays under way', async () => {
    const store = storeOf();
    const name = nameOfNext();
    const { id: root } = rootOf(8);
    const members = [0, 1, 2, 3, 4, 5, 6, 7];
    await store.commit(runs({ begun: [groupOf(name, root, Object.fromEntries(members.map(n => [n, n])))] }));
    await Promise.all(
      members.map(n => store.commit(runs({ ended: [endsOf(root, { [n]: 10 + n, [(n + 1) % 8]: 11 + n })] }))),
    );
    const { open, ended } = await told(root);
    expect(open).toEqual([]);
    expect(ended.map(([ordinal]) => ordinal)).toEqual(members);
    expect((await sumsOf(name))[0]!.slice(0, 2)).toEqual(['', 8]);
  });

  test('what is cleared is no average any more, of a workflow or of a branch and nothing beside it', async () => {
    const store = storeOf();
    const names = [nameOfNext(), nameOfNext()].map(name => `${name}/a`);
    const beside = `${names[0]} b`;
    const tallies = [...names, beside].map((name, at) => tallyOf(name, '', at + 1, 1, { premature: 1 }));
    await store.commit(runs({ tallies }));
    expect(await store.runs.clear({ kind: 'workflow', name: names[0]! }, 5)).toBe(2);
    expect(await store.runs.clear({ kind: 'workflow', name: names[0]! }, 4)).toBe(0);
    expect(await sumsOf(names[0]!)).toEqual([]);
    expect(await sumsOf(beside)).toEqual([['', 3, 1, 0, 1]]);
    const cleared = () => store.query(`select scope, at from millrace_run_cleared where scope like '/runs/%'`, []);
    const branch = `/runs/${store.info.kind}/`;
    expect(await store.runs.clear({ kind: 'branch', branch }, 9)).toBeGreaterThanOrEqual(4 + 3);
    expect(await sumsOf(names[1]!)).toEqual([]);
    expect(await cleared()).toEqual([[branch, '9']]);
  });
}
