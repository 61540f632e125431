// The README of the room of time says what is so: its calendar, its expressions, and their dates.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { BusinessInterval } from '../../src/time/business-interval.js';
import { compileCalendar, parseCalendar } from '../../src/time/calendar/index.js';
import { localText } from '../../src/time/civil.js';
import { compileCrontab, explainCrontab, parseCrontab } from '../../src/time/crontab/index.js';
import { explainTimeExpression } from '../../src/time/explain.js';
import { compileTimeExpression, parseTimeExpression } from '../../src/time/expression.js';
import { applyRelative, parseRelative } from '../../src/time/relative/index.js';
import { compileRrule, parseRrule } from '../../src/time/rrule/index.js';
import type { Schedule } from '../../src/time/schedule.js';
import { zoneNamed } from '../../src/time/zone.js';

const readme = readFileSync(new URL('../../src/time/README.md', import.meta.url), 'utf8');
const zone = zoneNamed('America/New_York');
const fromMs = Date.parse('2030-01-01T05:00Z');

/** The rows of the table whose first column has this head: cells without their backticks. */
function rowsOf(head: string): readonly (readonly string[])[] {
  const lines = readme.split('\n');
  const first =
    lines.findIndex((line, index) => line.startsWith(`| ${head} |`) && lines[index + 1]!.startsWith('|---')) + 2;
  const rows: string[][] = [];
  for (let index = first; lines[index]?.startsWith('|'); index += 1) {
    const cells = lines[index]!.slice(1, -1).split(/(?<!\\)\|/);
    rows.push(
      cells.map(cell =>
        cell
          .trim()
          .replace(/^`([^`]*)`$/, '$1')
          .replaceAll('\\|', '|'),
      ),
    );
  }
  return rows;
}

function office(): BusinessInterval {
  const text = /```yaml\n([^`]*)```/.exec(readme)![1]!;
  const parsed = parseCalendar(text, { file: 'office.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  const compiled = compileCalendar(parsed.value, zone);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled));
  return compiled.value;
}

/** As many firings as the row lists, as the clocks of New York show them, without seconds. */
function firings(schedule: Schedule, listed: string): string {
  const count = listed.split(', ').length;
  const shown: string[] = [];
  for (let atMs = fromMs; shown.length < count; ) {
    const firing = schedule.next(atMs);
    if (firing.kind !== 'fires') throw new Error(firing.message);
    atMs = firing.atMs;
    shown.push(localText(zone.localOf(atMs)).replace(/:00$/, ''));
  }
  return shown.length === 1 ? shown[0]! : shown.map(each => `\`${each}\``).join(', ');
}

describe('README', () => {
  test('every schedule fires when it says', () => {
    const rows = rowsOf('schedule');
    expect(rows.length).toBeGreaterThan(20);
    const context = { zone, businessInterval: office() };
    for (const [schedule, expression, listed] of rows) {
      const parsed = parseTimeExpression(expression!);
      expect([schedule, firings(compileTimeExpression(parsed, context), listed!)]).toEqual([schedule, listed]);
      expect(explainTimeExpression(parsed)).not.toBe('');
    }
  });

  test('every step gives what it says', () => {
    const rows = rowsOf('step');
    expect(rows.length).toBeGreaterThan(10);
    for (const [, expression, from, expected] of rows) {
      const context = { zone: zoneNamed('UTC'), businessInterval: office() };
      const result = applyRelative(parseRelative(expression!), Date.parse(`${from}Z`), context);
      expect([expression, result.kind === 'at' ? localText(result.atMs) : result.message]).toEqual([
        expression,
        expected,
      ]);
    }
  });

  test('crontab and recurrence rules fire when they say', () => {
    for (const [expression, listed] of rowsOf('crontab')) {
      const schedule = compileCrontab(parseCrontab(expression!), { zone });
      expect([expression, firings(schedule, listed!)]).toEqual([expression, listed]);
      expect(explainCrontab(parseCrontab(expression!))).not.toBe('');
    }
    for (const [expression, listed] of rowsOf('recurrence rule')) {
      const schedule = compileRrule(parseRrule(expression!), { zone, startMs: fromMs });
      expect([expression, firings(schedule, listed!)]).toEqual([expression, listed]);
    }
    expect(rowsOf('crontab').length + rowsOf('recurrence rule').length).toBe(8);
  });

  test('what it says columns take is taken', () => {
    const columnOf = { 'day of month': 4, 'day of week': 6, 'day of year': 7 } as const;
    for (const [name, values] of rowsOf('column')) {
      const column = columnOf[name as keyof typeof columnOf];
      if (column === undefined) continue;
      for (const [, value] of values!.matchAll(/`([^`]+)`/g)) {
        const columns = ['0', '0', '0', '0', ...Array<string>(column - 4).fill('*'), value!];
        expect(() => parseTimeExpression(columns.join(' ')), columns.join(' ')).not.toThrow();
      }
    }
  });
});

test('what begins with an operator is relative, and a column +n is not', () => {
  const notation = (text: string): string => parseTimeExpression(text).notation;
  for (const text of ['+7m', ' -1H', '@fri', '?sat{-d}', '>D', '<D', '^d', '+d +2H'])
    expect(notation(text)).toBe('relative');
  for (const text of ['0 0', '(0 0 0 0|0 0 45 4)', '0', '+15 * *', '+15 0 *']) expect(notation(text)).toBe('cron');
  expect(() => parseTimeExpression('+15')).toThrow('at character 4: the end (expected a unit)');
  expect(() => parseTimeExpression('5m')).toThrow(
    'at character 1: "5m" without an operator (expected +5m or another operator (+ - > < ^ @ ?), or columns)',
  );
  expect(() => parseTimeExpression(' 15d')).toThrow('at character 2: "15d" without an operator');
});
