// Delays and timeouts with calendars, and delays that a data map gives: what the prepared triggers answer.

import { expect, test } from 'vitest';
import type { ActionMember, Polled, TriggerTurn } from '../../src/dispatch/action.js';
import { afterBusinessTime } from '../../src/time/business-time.js';
import type { CalendarDefinition } from '../../src/time/calendar/model.js';
import { builtInTriggers } from '../../src/triggers/catalogue.js';
import type { JsonObject, Trigger, WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan } from '../../src/workflow/plan.js';
import { verify } from '../../src/workflow/verify.js';

const office: CalendarDefinition = {
  name: 'office',
  zone: 'UTC',
  rules: [{ include: { days: ['mon-fri'], hours: ['09:00-17:00'] } }, { exclude: { holidays: { country: 'US' } } }],
};
/** Thursday before the Independence Day of 2031, a Friday. */
const thursday = Date.UTC(2031, 6, 3, 15);

/** What a trigger answers when it is asked for the first time, on Thursday at 15:00. */
async function asked(action: Trigger, variables: JsonObject = {}, nowMs = thursday): Promise<Polled> {
  const definition: WorkflowDefinition = { name: '/a/b', actions: [action], flows: [], calendars: [office] };
  expect(verify(definition)).toEqual([]);
  const [planAction] = compilePlan(definition, '/').actions;
  const unused = () => {
    throw new Error('not asked by triggers');
  };
  const placed = builtInTriggers[action.type].prepare(planAction!, unused, unused);
  await placed.ready?.(0);
  expect(placed.ready?.(0) ?? null).toBeNull();
  const turn: TriggerTurn = { nowMs, arrivedAtMs: thursday, isExpedited: false, kept: null };
  const member: Pick<ActionMember, 'turn' | 'source'> = {
    turn: () => turn,
    source: () => ({ scopes: [variables], runtime: () => undefined, atMs: nowMs }),
  };
  return placed.run(member as ActionMember) as Polled;
}

test('a delay of business days passes over the weekend and over holidays', async () => {
  const polled = await asked({ name: 'wait', type: 'delay', delay: '+1b', calendar: 'office' });
  expect(polled).toMatchObject({ kind: 'waits', untilMs: Date.UTC(2031, 6, 7, 15) });
});

test('a data map gives a delay its length; what is no length is an error', async () => {
  const action: Trigger = {
    name: 'wait',
    type: 'delay',
    delay: '+1d',
    map: [{ from: 'flow.pause', to: 'action.delay' }],
  };
  expect(await asked(action, { delay: '+2H' })).toMatchObject({ kind: 'waits', untilMs: thursday + 7_200_000 });
  await expect(asked(action, { delay: 'soon' })).rejects.toMatchObject({ code: 'TIME_INVALID' });
  await expect(asked(action, { delay: 7 })).rejects.toMatchObject({ code: 'TIME_INVALID' });
});

test('a timeout in business time stands still outside of it', async () => {
  // Two hours on Thursday, one on Monday: Friday is a holiday.
  const action: Trigger = { name: 'wait', type: 'manual', timeout: '+3H', timeoutCalendar: 'office' };
  const endMs = Date.UTC(2031, 6, 7, 10);
  expect(await asked(action)).toMatchObject({ kind: 'waits', untilMs: endMs });
  expect(await asked(action, {}, endMs - 1)).toMatchObject({ kind: 'waits', untilMs: endMs });
  expect(await asked(action, {}, endMs)).toMatchObject({ kind: 'timedOut', within: '+3H of office' });
});

test('business time that there will not be never passes', () => {
  const closed = {
    name: 'closed',
    includes: () => false,
    nextEdge: () => undefined,
    previousEdge: () => undefined,
    isBusinessDay: () => false,
    nthBusinessDay: () => undefined,
    nthHoliday: () => undefined,
  };
  expect(afterBusinessTime(closed, 0, 1)).toBe(Number.POSITIVE_INFINITY);
});
