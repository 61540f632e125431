// The sweep finds what is planted, and nothing else.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { beginExecution } from './ledger.js';
import { type Swept, type SweptBegin, sweep } from './sweep.js';
import { markLedger, sweepLedger } from './swept-ledger.js';

function begin(execution: string, more: Partial<SweptBegin> = {}): SweptBegin {
  return { kind: 'begin', execution, engine: 'a', workflow: '/x/flow', what: `what ${execution}`, ...more };
}
const end = (execution: string): Swept => ({ kind: 'end', execution });
const bound = (branch: string, perEngine: number | null, clusterWide: number | null): Swept => ({
  kind: 'bound',
  branch,
  perEngine,
  clusterWide,
});

describe('sweep', () => {
  test('as many as a bound lets, one after the other, are no violation; the most at once is told of each branch', () => {
    const marks = [bound('/x/', null, 2), begin('1'), begin('2'), end('1'), begin('3', { engine: 'b' }), end('2')];
    expect(sweep(marks)).toMatchObject({ violations: [], executions: 3, zombies: 0, late: 0 });
    expect(sweep(marks).most).toEqual(
      new Map([
        ['/x/', { clusterWide: 2, perEngine: 2, full: 2 }],
        ['/', { clusterWide: 2, perEngine: 2, full: 0 }],
      ]),
    );
  });

  test('one too many is told with the branch, its members and the moment', () => {
    const workflow = '/x/y/flow';
    const marks = [bound('/x/', null, 1), begin('1'), begin('2', { engine: 'b', workflow })];
    expect(sweep(marks).violations).toEqual([
      { branch: '/x/', engine: null, limit: 1, at: 2, members: ['what 1', 'what 2'] },
    ]);
  });

  test('what is too many for one engine is told of that engine', () => {
    const marks = [bound('/', 1, null), begin('1'), begin('2', { engine: 'b' }), begin('3', { engine: 'b' })];
    expect(sweep(marks).violations).toEqual([
      { branch: '/', engine: 'b', limit: 1, at: 3, members: ['what 2', 'what 3'] },
    ]);
  });

  test('bounds of all branches on the path hold, and of no other: a name that begins alike is another branch', () => {
    const marks = [
      bound('/x/', 0, null),
      begin('1', { workflow: '/xx/flow' }),
      begin('2', { workflow: '/x/y/z/flow' }),
    ];
    expect(sweep(marks).violations).toMatchObject([{ branch: '/x/', engine: 'a', members: ['what 2'] }]);
  });

  test('a killed engine ends what it executed, and what is read of it later counts no more', () => {
    const marks: Swept[] = [
      bound('/', null, 1),
      begin('1'),
      { kind: 'killed', engine: 'a' },
      begin('2', { engine: 'b' }),
      begin('3'),
      end('1'),
      { kind: 'back', engine: 'a' },
      begin('4'),
    ];
    expect(sweep(marks)).toMatchObject({ violations: [], executions: 2, late: 2 });
  });

  test('a zombie is counted apart until it is back', () => {
    const marks: Swept[] = [
      bound('/', null, 1),
      begin('1'),
      { kind: 'lapsed', engine: 'a' },
      begin('2', { engine: 'b' }),
      begin('3'),
      { kind: 'back', engine: 'a' },
      end('1'),
    ];
    expect(sweep(marks)).toMatchObject({ violations: [], executions: 3, zombies: 2 });
    expect(sweep([...marks, begin('4')]).violations).toMatchObject([{ members: ['what 2', 'what 4'] }]);
  });

  test('a lowered bound leaves what runs alone, and is broken by what begins', () => {
    const marks = [bound('/', null, 3), begin('1'), begin('2'), begin('3'), bound('/', null, 1), end('1'), end('2')];
    expect(sweep([...marks, end('3'), begin('4')]).violations).toEqual([]);
    expect(sweep([...marks, begin('4'), bound('/', null, null), begin('5')]).violations).toMatchObject([
      { limit: 1, at: 7, members: ['what 3', 'what 4'] },
    ]);
  });

  test('an execution that begins twice is refused', () => {
    expect(() => sweep([begin('1'), begin('1')])).toThrow('begins twice');
  });

  test('of random intervals it tells as many as are seen by looking at all of them at every begin', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 40 }), fc.nat(4), fc.nat(4), (intervals, perEngine, clusterWide) => {
        // Ends before begins of the same moment; both halves of an interval have a moment of their own.
        const moments = intervals.flatMap(({ fromAt, length, engine, branch }, at): [number, Swept][] => [
          [2 * fromAt + 1, begin(`${at}`, { engine, workflow: `${branch}flow` })],
          [2 * (fromAt + length), end(`${at}`)],
        ]);
        moments.sort(([left], [right]) => left - right);
        const marks = moments.map(([, mark]) => mark);
        const swept = sweep([bound('/', null, clusterWide), bound('/x/', perEngine, null), ...marks]);
        const open = new Map<string, SweptBegin>();
        let expected = 0;
        for (const mark of marks) {
          if (mark.kind === 'end') open.delete(mark.execution);
          if (mark.kind !== 'begin') continue;
          open.set(mark.execution, mark);
          const below = [...open.values()].filter(
            ({ engine, workflow }) => engine === mark.engine && workflow.startsWith('/x/'),
          );
          if (open.size > clusterWide) expected += 1;
          if (mark.workflow.startsWith('/x/') && below.length > perEngine) expected += 1;
        }
        expect(swept.violations).toHaveLength(expected);
      }),
    );
  });
});

test('the ledger is swept in the order in which it was written, with what the test has marked in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sweep-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ledger.jsonl');
  const begun = (instance: string, action: string) =>
    beginExecution(file, { instance, workflow: '/x/flow', action, attempt: 1, idempotencyKey: instance });
  markLedger(file, { kind: 'bound', branch: '/x/', perEngine: null, clusterWide: 1 });
  begun('i', 'one')(true);
  begun('i', 'two');
  begun('j', 'one');
  markLedger(file, { kind: 'killed', engine: `${process.pid}` });
  begun('k', 'one');
  const { violations, executions, late, torn } = sweepLedger(file);
  expect(violations).toMatchObject([
    {
      branch: '/x/',
      engine: null,
      limit: 1,
      at: 4,
      members: [expect.stringMatching(/^i two, attempt 1/), expect.stringMatching(/^j one/)],
    },
  ]);
  expect({ executions, late, torn }).toEqual({ executions: 3, late: 1, torn: 0 });
});

const interval = fc.record({
  fromAt: fc.nat(30),
  length: fc.integer({ min: 1, max: 10 }),
  engine: fc.constantFrom('a', 'b', 'c'),
  branch: fc.constantFrom('/', '/x/', '/x/y/', '/z/'),
});
