// millrace schedule: firings and words in all notations, and what is refused.

import { describe, expect, test, vi } from 'vitest';
import { world } from './setup.js';

vi.setConfig({ testTimeout: 120_000 });

const newYork = ['--zone', 'America/New_York'];

describe('firings', () => {
  test('relative, cron-style, crontab and rules, an instant a line', async context => {
    const { millrace } = world(context);
    const lines = async (...args: string[]): Promise<readonly string[]> => {
      const { code, stdout, stderr } = await millrace('schedule', ...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout.trimEnd().split('\n');
    };
    expect(await lines('next', '+6H', '--from', '2020-04-30T08:00:00Z', '--zone', 'UTC', '--count', '2')).toEqual([
      '2020-04-30T14:00:00Z',
      '2020-04-30T20:00:00Z',
    ]);
    expect(await lines('next', '0 0 0 2', '--from', '2020-10-31T02:00', ...newYork)).toEqual([
      '2020-11-01T02:00:00-05:00',
    ]);
    expect(await lines('next', '@daily', '--cron', '--from', '2020-10-31', '--count', '2', ...newYork)).toEqual([
      '2020-11-01T00:00:00-04:00',
      '2020-11-02T00:00:00-05:00',
    ]);
    expect(await lines('previous', '@daily', '--cron', '--from', '2020-11-02', '--count', '2', ...newYork)).toEqual([
      '2020-11-01T00:00:00-04:00',
      '2020-10-31T00:00:00-04:00',
    ]);
    const rule = 'FREQ=DAILY;COUNT=2';
    expect(await lines('next', rule, '--rrule', '--from', '2020-10-31T01:00', ...newYork)).toEqual([
      '2020-11-01T01:00:00-04:00',
    ]);
    expect(await lines('next', '+7m', '--json')).toEqual([expect.stringMatching(/^\{"zone":".*","firings":\["20/)]);
  });

  test('fewer than asked for are printed, with why; none is exit code 1', async context => {
    const { millrace } = world(context);
    const from = ['--from', '2020-01-01T00:00Z', '--zone', 'UTC'];
    const some = await millrace(
      'schedule',
      'next',
      'DTSTART:20200101T090000Z RRULE:FREQ=DAILY;COUNT=2',
      '--rrule',
      '--count',
      '5',
      ...from,
    );
    expect(some).toMatchObject({ code: 0, stdout: '2020-01-01T09:00:00Z\n2020-01-02T09:00:00Z\n' });
    expect(some.stderr).toMatch(/^The recurrence rule .* could not be satisfied .*\.\n$/);
    const none = await millrace('schedule', 'next', '0 0 30 feb *', '--cron', '--json', ...from);
    expect({ ...none, stdout: JSON.parse(none.stdout) }).toMatchObject({
      code: 1,
      stderr: '',
      stdout: { zone: 'UTC', firings: [], ended: { kind: 'unsatisfiable' } },
    });
  });

  test('business days are those of a calendar', async context => {
    const own = world(context);
    own.file('bank.yaml', 'name: bank\nrules:\n  - include: { days: [mon-fri] }\n');
    const from = ['--from', '2020-05-01', '--zone', 'UTC', '--calendar', 'bank.yaml'];
    expect(await own.millrace('schedule', 'next', '^M+M-b@16H', ...from)).toEqual({
      code: 0,
      stdout: '2020-05-29T16:00:00Z\n',
      stderr: '',
    });
    const wrong = await own.millrace('schedule', 'next', '+b', '--calendar', 'none.yaml');
    expect(wrong).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('none.yaml: cannot be read: ENOENT'),
    });
  });
});

test('in words', async context => {
  const { millrace } = world(context);
  const words = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await millrace('schedule', 'explain', ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  expect(await words('--', '-7m')).toBe('7 minutes earlier\n');
  expect(await words('30 8 * * 1-5', '--cron')).toBe('at 08:30:00 on Monday to Friday\n');
  expect(await words('0 0 30 10')).toContain('10:30');
  expect(JSON.parse(await words('FREQ=MONTHLY;BYDAY=-1FR', '--rrule', '--json'))).toEqual({
    notation: 'rrule',
    words: expect.stringContaining('every month'),
  });
});

describe('refused, with exit code 2', () => {
  test.for<[string, string[], string[]]>([
    ['a relative expression', ['next', '+3days'], ['unit "days" (expected a unit', '  +3days', '    ^']],
    ['a cron-style expression', ['next', '0 0 0 25'], ['hour', '  0 0 0 25', '        ^']],
    [
      'crontab',
      ['explain', '0 0 * * XYZ', '--cron'],
      ['"XYZ" (expected 0 to 7, or sun to sat)', '  0 0 * * XYZ', '          ^'],
    ],
    ['a rule', ['next', 'FREQ=DAILY;X=1', '--rrule'], ['"X=1"', '  FREQ=DAILY;X=1', '             ^']],
    ['something after characters of two units', ['explain', '+d😀'], ['"😀"', '  +d😀', '    ^']],
    ['a line break', ['explain', '+d\n+'], ['expected', '  +d +', '    ^']],
    [
      'the end of a long one',
      ['explain', `${'+d'.repeat(90)}+`],
      ['the end', `  ${'+d'.repeat(90).slice(121)}+`, `  ${' '.repeat(60)}^`],
    ],
  ])('%s: a caret under the character', async ([, args, expected], context) => {
    const { millrace } = world(context);
    const { code, stdout, stderr } = await millrace('schedule', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TIME_EXPRESSION_INVALID: /);
    expect(lines[0]).toContain(expected[0]);
    expect(lines.slice(1)).toEqual(expected.slice(1));
  });

  test.for<[string, string[], string]>([
    ['a period that goes nowhere', ['next', '+0s'], 'which is not after it'],
    ['what came before a relative expression', ['previous', '+7m'], 'only goes forward'],
    ['business days without a calendar', ['next', '+b'], 'business interval'],
    ['a zone that is none', ['next', '+7m', '--zone', 'Europe/../../etc/passwd'], '--zone: '],
    ['a time that is none', ['next', '+7m', '--from', '2020-02-30'], '--from 2020-02-30: there is no such'],
    ['a time that is skipped', ['next', '+7m', '--from', '2020-03-08T02:30', ...newYork], 'skip this time'],
    ['an offset that is none', ['next', '+7m', '--from', '2020-03-08T02:30+25:00'], 'must be a time'],
    ['words for a time', ['next', '+7m', '--from', 'tomorrow'], '--from tomorrow: must be a time'],
    ['no count', ['next', '+7m', '--count', '0'], 'Accepted is 1 to 100000.'],
    ['two notations', ['next', '@daily', '--cron', '--rrule'], 'cannot be used with'],
    ['a calendar for crontab', ['next', '@daily', '--cron', '--calendar', 'x.yaml'], 'cannot be used with'],
    ['a calendar for a rule', ['next', 'FREQ=DAILY', '--rrule', '--calendar', 'x.yaml'], 'cannot be used with'],
    ['no expression', ['next'], 'missing required argument'],
    ['no command', [], 'Usage: millrace schedule'],
  ])('%s', async ([, args, expected], context) => {
    const { millrace } = world(context);
    const { code, stdout, stderr } = await millrace('schedule', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
