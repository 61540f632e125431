// What actions took, out of traces as they are stored.

import { expect, test } from 'vitest';
import { executionsOf } from '../../src/audit/executions.js';
import { dataKind, type TraceGroup, traceText } from '../../src/audit/trace.js';
import { type EventShortName, eventCode } from '../../src/workflow/events.js';

function groupOf(more: Partial<TraceGroup>): TraceGroup {
  return {
    workflow: 7,
    ordinals: Uint16Array.of(3, 5),
    path: ['a', 'b'],
    baseMs: 1_000,
    times: [0, 10, 10, 30, 5, 6, 6, 8],
    timesPerMember: 4,
    reached: 400,
    engine: 'e',
    attempt: 1,
    bodyBefore: null,
    bodyAfter: null,
    events: [],
    ...more,
  };
}

const event = (name: EventShortName, action: number, data: number = dataKind.none) =>
  [eventCode(name), action, action < 0 ? -1 : 2 * action + 1, data] as const;

test('an execution for each way out of an action, of the member alone; the first waited from when it could begin', () => {
  const events = [event('EnteringAction', 0), event('ExitingAction', 0), event('ExitingActionOnError', 1)];
  const trace = traceText([groupOf({ events: [...events, event('FinishingFlowChart', -1)] })]);
  const common = { workflow: 7, attempt: 2 };
  expect(executionsOf(trace, 5)).toEqual([
    { ...common, action: 'a', exit: 'normal', enteredAtMs: 600, startedAtMs: 1_005, endedAtMs: 1_006 },
    { ...common, action: 'b', exit: 'error', enteredAtMs: 1_006, startedAtMs: 1_006, endedAtMs: 1_008 },
  ]);
  expect(executionsOf(trace, 3).map(({ endedAtMs }) => endedAtMs)).toEqual([1_010, 1_030]);
  expect(executionsOf(trace, 4)).toEqual([]);
});

test('a trigger that goes on waiting took nothing, one that fired or expired waited from when each member came to it', () => {
  const asked = groupOf({ path: ['t'], times: [0, 1, 0, 1], timesPerMember: 2, reached: [900, 300] });
  const of = (name: EventShortName, data: number) =>
    executionsOf(traceText([{ ...asked, events: [event(name, 0, data)] }]), 5);
  expect(of('ExitingTriggerWithoutFiring', dataKind.none)).toEqual([]);
  expect(of('ExitingTriggerWithoutFiring', dataKind.result)).toMatchObject([{ exit: 'expired', enteredAtMs: 700 }]);
  expect(of('ExitingTrigger', dataKind.result)).toMatchObject([
    { exit: 'normal', enteredAtMs: 700, startedAtMs: 1_000 },
  ]);
});

test('what a signal ended before it began, and what is of the engine or of a whole root, is no execution', () => {
  const signalled = groupOf({ path: ['t'], times: [], timesPerMember: 0 });
  const ended = [[eventCode('ExitingTriggerOnSignal'), 0, -1, dataKind.none] as const];
  expect(executionsOf(traceText([{ ...signalled, events: ended }]), 5)).toEqual([]);
  expect(executionsOf(traceText([groupOf({ workflow: null, ordinals: null, path: [] })]), 0)).toEqual([]);
});

test('ordinals in a row are counted from the first', () => {
  const trace = traceText([groupOf({ ordinals: Uint16Array.of(8, 9), events: [event('ExitingAction', 0)] })]);
  expect([7, 8, 9, 10].map(ordinal => executionsOf(trace, ordinal).length)).toEqual([0, 1, 1, 0]);
});
