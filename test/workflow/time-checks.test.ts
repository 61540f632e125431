// What verification says of the times of triggers and of calendars, with the places of faults.

import { expect, test } from 'vitest';
import { unreadyTimes } from '../../src/triggers/unready.js';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { verify } from '../../src/workflow/verify.js';

const calendars = [{ name: 'office', rules: [{ include: { days: ['mon-fri'] } }] }];

function faultsOf(properties: object, type = 'timer'): string[] {
  const definition = { name: '/a/b', actions: [{ name: 'wait', type, ...properties }], flows: [], calendars };
  return verify(definition).map(({ path, message }) => `${path}: ${message}`);
}

test.each([
  { expression: '0 0 0 9' },
  { expression: '+1d^d+9H', zone: 'Europe/Zurich' },
  { expression: '0 0 30 16 -1b', calendar: 'office' },
  { expression: '0 0 0 +15 * * MON-FRI', count: 3 },
  { cron: '30 9 * * mon-fri', end: '2031-01-01T00:00:00Z', endAfter: '+1y' },
  { rrule: 'FREQ=WEEKLY;BYDAY=MO', lateWindow: '+6H', makeUp: 'all', makeUpMax: 3 },
  { at: '2031-01-01T09:00:00+01:00', timeout: '+8H', timeoutCalendar: 'office' },
])('accepted: %j', properties => expect(faultsOf(properties)).toEqual([]));

test.each([
  [{ expression: '+1d', cron: '@daily' }, 'actions[0].cron: "cron" and "expression" both say when it fires'],
  [
    { expression: '0 0 0 25' },
    'actions[0].expression: TIME_EXPRESSION_INVALID: "0 0 0 25" in column hours, at character 7',
  ],
  [{ cron: '61 * * * *' }, 'actions[0].cron: TIME_EXPRESSION_INVALID'],
  [{ rrule: 'FREQ=NEVER' }, 'actions[0].rrule: TIME_EXPRESSION_INVALID'],
  [{ at: '2031-02-30T09:00:00Z' }, 'actions[0].at: accepted is an instant such as'],
  [{ at: '2031-02-01T09:00:00' }, 'actions[0].at: accepted is an instant such as'],
  [{ at: '2031-02-01T09:00:00Z', end: '2030-01-01T00:00:00Z' }, 'actions[0].end: it ends before it would fire'],
  [
    { expression: '0 0 0 0 30 1' },
    'actions[0].expression: The Cron-style Time Expression "0 0 0 0 30 1" could not be satisfied',
  ],
  [{ cron: '0 0 30 2 *' }, 'actions[0].cron: The crontab expression "0 0 30 2 *" could not be satisfied'],
  [
    { expression: '0 0 0 9 1b' },
    'actions[0].expression: TIME_EXPRESSION_INVALID: "0 0 0 9 1b" in column day of month, at character 9: "1b" without a business interval',
  ],
  [{ expression: '+1b' }, 'actions[0].expression: TIME_EXPRESSION_INVALID: "+1b" at character 1: business days'],
  [
    { expression: '+1b', calendar: 'offcie' },
    'actions[0].calendar: the workflow has no calendar "offcie"; did you mean "office"?',
  ],
  [{ expression: '+1d', endAfter: '+x' }, 'actions[0].endAfter: TIME_EXPRESSION_INVALID'],
  [
    { expression: '+1d', endAfter: '+3b' },
    'actions[0].endAfter: TIME_EXPRESSION_INVALID: "+3b" at character 1: business days',
  ],
  [
    { expression: '+1d', lateWindow: '+1M' },
    'actions[0].lateWindow: TIME_EXPRESSION_INVALID: "+1M" at character 1: a step without a fixed length',
  ],
  [{ expression: '+1d', lateWindow: '-1H' }, 'actions[0].lateWindow: a window that is not longer than nothing'],
  [{ expression: '+1d', makeUp: 'once' }, 'actions[0].makeUp: without a lateWindow nothing is missed'],
  [
    { expression: '+1d', lateWindow: '+1H', makeUp: 'once', makeUpMax: 2 },
    'actions[0].makeUpMax: is of "makeUp: all" alone',
  ],
  [
    { expression: '+1d', timeoutCalendar: 'office' },
    'actions[0].timeoutCalendar: there is no timeout that it could be of',
  ],
  [
    { expression: '+1d', timeout: '+1M', timeoutCalendar: 'office' },
    'actions[0].timeout: TIME_EXPRESSION_INVALID: "+1M" at character 1: a step without a fixed',
  ],
  [{ expression: '+1d', zone: 'Mars/Phobos' }, 'actions[0].zone: '],
])('refused: %j', (properties, expected) => {
  const faults = faultsOf(properties);
  expect(faults).toHaveLength(1);
  expect(faults[0]!.slice(0, expected.length)).toBe(expected);
});

test('a timer that does not say when it fires is a fault', () => {
  const message = 'a timer needs one of "expression", "cron", "rrule" and "at" to say when it fires';
  expect(faultsOf({})).toEqual([`actions[0]: ${message}`]);
  expect(faultsOf({ count: 3, zone: 'UTC' })).toEqual([`actions[0]: ${message}`]);
});

test('a delay in business days needs a calendar', () => {
  expect(faultsOf({ delay: '+2b' }, 'delay')[0]).toMatch(/^actions\[0\]\.delay: .*business days or holidays/);
  expect(faultsOf({ delay: '+2b', calendar: 'office' }, 'delay')).toEqual([]);
});

test('calendars are verified with the workflow, their faults placed by line', () => {
  const text = `
workflow: /a/b
actions:
  wait: { type: timer, expression: 0 0 0 9 -1b, calendar: office }
calendars:
  - name: office
    rules:
      - include: { days: [mon-fri], hours: ['17:00-08:00'] }
  - name: office
    rules:
      - include: { ical: holidays.ics }
`;
  const loaded = loadDefinition(text, 'flow.yaml');
  expect('faults' in loaded && loaded.faults.map(formatFault)).toEqual([
    expect.stringMatching(
      /^flow\.yaml:8:45 calendars\[0\]\.rules\[0\]\.include\.hours\[0\]: .*\(SPAN_INVERTED\) \(TIME_INVALID\)$/,
    ),
    expect.stringMatching(/^flow\.yaml:9:11 calendars\[1\]\.name: two calendars are named "office" \(TIME_INVALID\)$/),
    expect.stringMatching(
      /^flow\.yaml:11:20 calendars\[1\]\.rules\[0\]\.include\.ical: only a calendar in a file of its own names files/,
    ),
  ]);
});

test('what takes loading to find out: countries without holidays, rules that their library refuses', async () => {
  const definition: WorkflowDefinition = {
    name: '/a/b',
    actions: [{ name: 'wait', type: 'timer', rrule: 'FREQ=DAILY;UNTIL=20310101' }],
    flows: [],
    calendars: [{ name: 'office', rules: [{ include: { holidays: { country: 'XX' } } }] }],
  };
  expect((await unreadyTimes(definition)).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    expect.stringMatching(/^calendars\[0\]: rules\[0\].include.holidays.*COUNTRY_UNKNOWN/),
    expect.stringMatching(/^actions\[0\]\.rrule: .*UNTIL/),
  ]);
});
