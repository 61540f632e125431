// Events of transactions in which no action ran: they had only flows to choose.

import { expect, test } from 'vitest';
import { GroupEvents, type GroupShape } from '../../src/audit/events-of.js';
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
  ended: false,
};

test('an instance whose first transaction only chooses flows begins all the same', () => {
  const filter = auditFilter(undefined);
  if (!filter.ok) throw new Error(filter.fault.message);
  const events = new GroupEvents(filter.value);
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
