// What is wrong with deadlines and with the marks of runs, as `millrace verify` prints it.

import { describe, expect, test } from 'vitest';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';
import { compilePlan } from '../../src/workflow/plan.js';

function load(deadline: string, ...actions: string[]) {
  const text = ['workflow: /a', `deadline: ${deadline}`, 'actions:', ...actions.map(line => `  ${line}`)].join('\n');
  return loadDefinition(text, 'a.yaml');
}

function faultsOf(deadline: string, ...actions: string[]): string[] {
  const loaded = load(deadline, ...(actions.length === 0 ? ['a: {type: null}'] : actions));
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
}

const run = ['a: {type: null, startOfRun: true, next: b}', 'b: {type: null, endOfRun: true}'];

describe('deadlines', () => {
  test.each([
    '{at: 2030-12-31T17:00:00Z}',
    "{at: '2030-12-31T17:00+02:00', window: -2d}",
    '{after: +7m}',
    '{after: +1d, from: run, window: -30m, zone: Europe/Berlin}',
  ])('%s is one', deadline => {
    expect(faultsOf(deadline, ...run)).toEqual([]);
  });

  test.each([
    [
      '{at: 2030-12-31T17:00:00Z, after: +7m}',
      'a.yaml:2:38 deadline.after: a deadline has at or after, not both (DEADLINE_INVALID)',
    ],
    ['{window: -1H}', 'a.yaml:2:1 deadline: a deadline has at or after (DEADLINE_INVALID)'],
    [
      '{at: 2030-02-30T17:00:00Z}',
      'a.yaml:2:16 deadline.at: found "2030-02-30T17:00:00Z", accepted is a date with its time and zone: 2030-12-31T17:00:00Z (TIME_INVALID)',
    ],
    [
      '{after: +7m, window: +1H}',
      'a.yaml:2:32 deadline.window: a window leads back from the deadline: -1H (TIME_INVALID)',
    ],
  ])('%s is told', (deadline, fault) => {
    expect(faultsOf(deadline)).toEqual([fault]);
  });

  test.each(['{after: 7m}', '{after: +7b}', '{after: +7m, zone: Mars/Base}', '{at: tomorrow}'])(
    '%s is no time',
    deadline => {
      expect(faultsOf(deadline)).toEqual([expect.stringContaining('TIME_INVALID')]);
    },
  );

  test('one is for each run where there are any, unless it says otherwise', () => {
    const fromOf = (deadline: string, actions: string[]) => {
      const loaded = load(deadline, ...actions);
      return 'faults' in loaded ? loaded.faults : compilePlan(loaded.definition, '/').deadline!.from;
    };
    expect(fromOf('{after: +7m}', run)).toBe('run');
    expect(fromOf('{after: +7m, from: submission}', run)).toBe('submission');
    expect(fromOf('{after: +7m}', ['a: {type: null}'])).toBe('submission');
    expect(fromOf('{after: +7m, from: run}', ['a: {type: null}'])).toBe('submission');
  });
});

describe('marks of runs', () => {
  test.each([
    [
      'a start alone',
      ['a: {type: null, startOfRun: true}'],
      '4:19 actions.a.startOfRun: no action is the end of the run',
    ],
    ['an end alone', ['a: {type: null, endOfRun: true}'], '4:19 actions.a.endOfRun: no action is the start of the run'],
    [
      'both on one action',
      ['a: {type: null, startOfRun: true, endOfRun: true}'],
      '4:37 actions.a.endOfRun: a run begins at one action and ends at another',
    ],
    [
      'in a body',
      ['a: {type: forEach, from: 1, to: 2, body: {actions: {b: {type: null, startOfRun: true}}}}'],
      '4:71 actions.a.body.actions.b.startOfRun: runs are of the workflow: an action of a body has no part in them',
    ],
  ])('marked: %s', (_, actions, fault) => {
    expect(faultsOf('{after: +7m}', ...actions)).toEqual([`a.yaml:${fault} (RUN_INVALID)`]);
  });
});
