// What commits tell the history of runs: pure, on items made by hand.

import { expect, test } from 'vitest';
import type { CommitItem } from '../../src/engine/commit/commit-builder.js';
import { IdSource } from '../../src/engine/ids.js';
import { withRunHistory } from '../../src/engine/runs/run-rows.js';
import { TestClock } from '../../src/observe/clock.js';
import type { Segment } from '../../src/store/contract.js';
import { emptyCommit } from '../../src/store/empty-commit.js';
import type { RunGroup } from '../../src/store/runs.js';
import type { Action } from '../../src/workflow/model.js';
import { compilePlan } from '../../src/workflow/plan.js';

const ids = new IdSource(new TestClock());
const root = ids.nextRoot();

function planOf(marks: readonly ('start' | 'end' | null)[]) {
  const actions: Action[] = marks.map((mark, at) => ({
    name: `a${at}`,
    type: 'null',
    ...(mark === 'start' ? { startOfRun: true } : mark === 'end' ? { endOfRun: true } : {}),
  }));
  const flows = actions.slice(1).map(({ name: to }, at) => ({ from: `a${at}`, to }));
  return compilePlan({ name: '/pure/flow', actions, flows }, '/');
}

/** Members at the positions, each step of which took as many ms as its number, one after the other, from 1,000 on. */
function itemOf(
  marks: readonly ('start' | 'end' | null)[],
  positions: number[],
  more: Partial<CommitItem> = {},
): CommitItem {
  const plan = planOf(marks);
  const path = marks.map((_, at) => at);
  const ordinals = Uint16Array.from({ length: 10 }, (_, at) => at * 2);
  const segment = { root, workflow: 3, name: plan.name, ordinals, eligibleAtMs: 900, createdAtMs: 500, waitsFor: null };
  return {
    held: { segment: segment as Segment, open: 10, gone: new Uint8Array(2) },
    plan,
    positions: Uint16Array.from(positions),
    outcome: { kind: 'completed', reached: -1 },
    path,
    baseMs: 1_000,
    times: positions.flatMap(() => path.flatMap(step => [(step * (step + 1)) / 2, ((step + 1) * (step + 2)) / 2])),
    payload: null,
    reported: false,
    events: [],
    claim: null,
    requests: 0,
    ...more,
  };
}

function told(items: CommitItem[], more: Partial<Parameters<typeof withRunHistory>[3]> = {}, outcomes: object[] = []) {
  const world = { isMarked: () => false, mayBeMarked: () => false, tellsActions: false, ...more };
  const commit = { ...emptyCommit(ids.next(), 2_000), outcomes: outcomes as never };
  return withRunHistory(commit, items, [], world, ids).runs;
}

const plain = (groups: readonly RunGroup[]) => groups.map(({ ordinals, startedMs }) => [[...ordinals], startedMs]);

test('a path through marks: the first run may be one under way, the next ones are new, the last goes on', () => {
  const marks = [null, 'start', 'end', 'end', 'start', 'start', 'end', 'start'] as const;
  const runs = told([itemOf(marks, [1, 2])])!;
  expect(plain(runs.begun)).toEqual([
    [
      [2, 4],
      [1_001, 1_001],
    ],
  ]);
  expect(runs.ended.map(({ ordinals, endedMs }) => [[...ordinals], endedMs])).toEqual([
    [
      [2, 4],
      [1_003, 1_003],
    ],
  ]);
  expect(plain(runs.passed)).toEqual([
    [
      [2, 4],
      [1_010, 1_010],
    ],
  ]);
  expect(runs.passed[0]!.endedMs).toEqual([1_021, 1_021]);
  expect(plain(runs.begunAgain)).toEqual([
    [
      [2, 4],
      [1_028, 1_028],
    ],
  ]);
  const end = told([itemOf(['end', 'start'], [0])])!;
  expect([end.begun.length, end.ended.length, end.begunAgain.length]).toEqual([0, 1, 1]);
  expect(told([itemOf([null, null], [0])])).toBeUndefined();
});

test('of two contexts that reach a start at once one begins the run; a workflow that is called has none', () => {
  const runs = told([itemOf(['start'], [1, 2]), itemOf(['start'], [2, 3])])!;
  expect(plain(runs.begun).map(([ordinals]) => ordinals)).toEqual([[2, 4], [6]]);
  const called = itemOf(['start'], [1]);
  const segment = { ...called.held.segment, name: '/pure/caller' };
  expect(told([{ ...called, held: { ...called.held, segment } }])).toBeUndefined();
});

test('what ends is added up by name: lives that finished, and those that did not, which marked ones leave to their runs', () => {
  const outcome = (state: string, ordinals: number[], name = '/pure/flow') => ({
    ...{ root, workflow: 3, name, state, finishedAtMs: 2_000, ordinals: Uint16Array.from(ordinals), body: null },
  });
  const outcomes = [outcome('finished', [0, 2]), outcome('finished', [4]), outcome('removed', [6])];
  const runs = told([itemOf([null], [0, 1, 2, 3])], {}, outcomes)!;
  expect(runs.tallies).toEqual([{ name: '/pure/flow', action: '', count: 3, runMs: 4_500, waitMs: 0, premature: 1 }]);
  expect(runs.broken).toEqual([]);
  const marked = told([itemOf([null], [0])], { isMarked: () => true, mayBeMarked: () => true }, outcomes)!;
  expect(marked.tallies).toEqual([]);
  expect(marked.broken).toEqual([{ root, ordinals: Uint16Array.of(0, 2, 4, 6), endedMs: Array(4).fill(2_000) }]);
});

test('actions: what they took and waited, of all members; not those that failed, or a trigger that goes on waiting', () => {
  const all = { tellsActions: true };
  const sums = (item: CommitItem) =>
    told([item], all)?.tallies.map(({ action, count, runMs, waitMs }) => [action, count, runMs, waitMs]);
  const marks = [null, null, null];
  expect(sums(itemOf(marks, [0, 1]))).toEqual([
    ['a0', 2, 2, 200],
    ['a1', 2, 4, 0],
    ['a2', 2, 6, 0],
  ]);
  const failed = { kind: 'failed', place: 2, killed: false } as const;
  expect(sums(itemOf(marks, [0], { outcome: failed }))?.map(([action]) => action)).toEqual(['a0', 'a1']);
  expect(sums(itemOf(marks, [0], { exits: ['error', 'normal', 'timeout'] }))?.map(([action]) => action)).toEqual([
    'a1',
  ]);
  expect(sums(itemOf(marks, [0], { outcome: { kind: 'unfired', untilMs: 1, event: '' } }))).toBeUndefined();
  expect(sums(itemOf([null], [0, 1], { arrivedMs: [400, 1_100] }))).toEqual([['a0', 2, 2, 600]]);
});
