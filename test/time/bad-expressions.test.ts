// Hostile and senseless expressions, through the doors that triggers use: refused or answered at once, nothing clamped.

import { expect, test } from 'vitest';
import { compileCrontab, parseCrontab } from '../../src/time/crontab/index.js';
import { TimeExpressionError } from '../../src/time/errors.js';
import { compileTimeExpression, parseTimeExpression } from '../../src/time/expression.js';
import { compileRrule, parseRrule } from '../../src/time/rrule/index.js';
import type { Schedule } from '../../src/time/schedule.js';
import { zoneNamed } from '../../src/time/zone.js';

const zone = zoneNamed('America/Sao_Paulo');
const fromMs = Date.UTC(2018, 9, 1);

/** What becomes of it: refused, or the kind of its next firing. */
function fate(compile: () => Schedule): string {
  try {
    return compile().next(fromMs).kind;
  } catch (error) {
    if (error instanceof TimeExpressionError || error instanceof RangeError) return 'refused';
    throw error;
  }
}

const timeExpression = (text: string) => () => compileTimeExpression(parseTimeExpression(text), { zone });
const crontab = (text: string) => () => compileCrontab(parseCrontab(text), { zone });
const rule = (text: string) => () => compileRrule(parseRrule(text), { zone, startMs: fromMs });

test.each([
  ['every millisecond', timeExpression('* * * * * * * * * * *'), 'refused'],
  ['30 February', timeExpression('0 0 0 0 30 feb'), 'unsatisfiable'],
  ['30 February as crontab', crontab('0 0 30 feb *'), 'unsatisfiable'],
  ['30 February as a rule', rule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'), 'refused'],
  ['hour 30 of Unix people', timeExpression('0 0 0 30 Feb'), 'refused'],
  ['the year 3001', timeExpression('0 0 0 0 1 0 * * * * 3001'), 'refused'],
  ['the year 1969', timeExpression('0 0 0 0 1 0 * * * * 1969'), 'refused'],
  ['a year gone by', timeExpression('0 0 0 0 1 0 * * * * 1999'), 'unsatisfiable'],
  ['no time at all as a period', timeExpression('+0s'), 'standing'],
  ['back as a period', timeExpression('-7m'), 'standing'],
  ['99999999999 years', timeExpression('+99999999999y'), 'refused'],
  ['as far as counts go', timeExpression('+1000y'), 'unsatisfiable'],
  ['a zone out of the folder', crontab('TZ=Europe/../../etc/passwd @daily'), 'refused'],
  ['a POSIX zone', () => compileCrontab(parseCrontab('@daily'), { zone: zoneNamed('EST5EDT4,M3') }), 'refused'],
  ['a NUL', timeExpression('+7\0m'), 'refused'],
  ['a lone surrogate', timeExpression('+7\ud800'), 'refused'],
  ['5 kB', timeExpression('0 '.repeat(2_500)), 'refused'],
  ['parentheses without end', timeExpression('('.repeat(4_000)), 'refused'],
  ['a list of 2,000', timeExpression(Array(2_000).fill('1').join(',')), 'fires'],
])('%s', (_, compile, expected) => {
  const begun = performance.now();
  expect(fate(compile)).toBe(expected);
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test('in a zone without midnight on a day, that midnight does not come', () => {
  // 4 November 2018 begins at 01:00 in Sao Paulo.
  for (const compile of [timeExpression('0 0 0 0'), crontab('0 0 * * *')]) {
    const firing = compile().next(Date.UTC(2018, 10, 3, 12));
    expect(firing).toEqual({ kind: 'fires', atMs: Date.UTC(2018, 10, 5, 2) });
  }
});
