// A trace is strict: whatever is not as it says is told.

import { expect, test } from 'vitest';
import { faultsIn, type Run, type Trace } from './trace.js';

const trace: Trace = {
  input: {},
  steps: [],
  ran: { a: 1, b: 2 },
  holds: ['a before b', 'b#1 ends before b#2', 'b#1 never beside b#2'],
  order: null,
  result: undefined,
  state: 'finished',
};
const run = (label: string, began: number, ended: number | null): Run => ({
  action: label.replace(/\[.*/, ''),
  label,
  began,
  ended,
});

test('all holds', () => {
  const runs = [run('a', 1, 2), run('b[0]', 3, 4), run('b[1]', 5, 6)];
  expect(faultsIn(trace, runs)).toEqual([]);
  expect(faultsIn({ ...trace, order: ['a', 'b', 'b[1]'] }, runs)).toEqual([]);
  expect(faultsIn({ ...trace, holds: ['a before b[1]', 'b never beside a'] }, runs)).toEqual([]);
});

test.each<[runs: Run[], faults: string[]]>([
  [
    [run('a', 1, 2), run('b', 3, 4)],
    ['b ran 1 times, not 2', ...['ends before', 'never beside'].map(between)],
  ],
  [[run('a', 1, 4), run('b', 3, 5), run('b', 6, 7)], ['it does not hold that a before b']],
  [[run('a', 1, 2), run('b', 3, 6), run('b', 4, 5)], ['ends before', 'never beside'].map(between)],
  [[run('a', 1, 2), run('b', 3, 4), run('b', 5, null), run('c', 6, 7)], ['c ran 1 times, not 0']],
])('%j', (runs, faults) => expect(faultsIn(trace, runs)).toEqual(faults));

test('what was to run at one moment did, and what was to run alone', () => {
  const beside = { ...trace, ran: { a: 1, b: 1 }, holds: ['a beside b'] };
  expect(faultsIn(beside, [run('a', 1, 3), run('b', 2, 4)])).toEqual([]);
  expect(faultsIn(beside, [run('a', 1, 2), run('b', 3, 4)])).toEqual(['it does not hold that a beside b']);
  const order = { ...beside, holds: [], order: ['a', 'b'] };
  expect(faultsIn(order, [run('b', 1, 2), run('a', 3, 4)])).toEqual(['the order was b, a']);
  expect(faultsIn(order, [run('a', 1, 3), run('b', 2, 4)])).toEqual(['runs were beside each other']);
});

function between(relation: string): string {
  return `it does not hold that b#1 ${relation} b#2`;
}
