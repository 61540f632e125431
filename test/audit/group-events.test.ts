// Events of transactions in which no action ran, since they had only flows to choose, and of those that were told of before.

import { expect, test } from 'vitest';
import { begunEvents, GroupEvents, type GroupShape } from '../../src/audit/events-of.js';
import { eventByCode } from '../../src/workflow/events.js';
import { auditFilter } from '../../src/workflow/filter.js';

const shape: GroupShape = {
  begins: true,
  reported: false,
  trigger: 'none',
  pathLength: 0,
  kind: 'completed',
  timedOut: false,
  exits: null,
  runs: null,
  after: 'moved',
  starts: 0,
  untold: 0,
  ended: false,
};

function everything() {
  const filter = auditFilter(undefined);
  if (!filter.ok) throw new Error(filter.fault.message);
  return filter.value;
}

const nameOf = ([code]: readonly [number, ...number[]]): string => eventByCode(code)!.shortName;

test.each(['none', 'entered', 'again'] as const)(
  'what was told while it ran, at a trigger: %s, is not told again',
  trigger => {
    const run = 'start' as const;
    const ran = { ...shape, trigger, pathLength: 1, runs: [run] };
    const events = new GroupEvents(everything());
    const whole = events.of(ran).map(nameOf);
    const before = begunEvents(everything(), { begins: true, trigger, run }).map(nameOf);
    expect([...before, ...events.of({ ...ran, reported: true }).map(nameOf)]).toEqual(whole);
    const isFound = {
      EnteringAction: trigger === 'none',
      EnteringTrigger: trigger === 'entered',
      ExecutingAction: true,
    };
    for (const [name, found] of Object.entries(isFound)) expect(whole.includes(name), name).toBe(found);
    expect(before.includes('ExecutingAction')).toBe(trigger === 'none');
  },
);

test('an instance whose first transaction only chooses flows begins all the same', () => {
  const events = new GroupEvents(everything());
  const of = (more: Partial<GroupShape>) =>
    events.of({ ...shape, ...more }).map(([code, action, time]) => [eventByCode(code)!.shortName, action, time]);
  expect(of({})).toEqual([['StartingExecutionFlow', -1, -1]]);
  expect(of({ begins: false })).toEqual([]);
  expect(of({ after: 'finished', ended: true }).map(([name]) => name)).toEqual([
    'StartingExecutionFlow',
    'FinishingExecutionFlow',
    'FinishingFlowChart',
    'FlowChartRemoved',
  ]);
  expect(of({ kind: 'waiting', after: 'removed' })).toEqual([['FlowChartRemoved', -1, -1]]);
});
