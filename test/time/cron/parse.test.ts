// The notation of cron-style expressions: what is understood, and what is refused with column and character.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainCron, parseCron } from '../../../src/time/cron/index.js';
import { TimeExpressionError } from '../../../src/time/errors.js';
import { absent, sharedCases } from '../shared-cases.js';

function faultOf(text: string): TimeExpressionError {
  try {
    parseCron(text);
  } catch (error) {
    if (error instanceof TimeExpressionError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('cron-style expressions in words', () => {
  test.each([
    ['0 0 30 10', 'at 10:30 every day'],
    ['0 0 0 0 5', 'at 00:00 on day 5 of the month'],
    ['0 0 0,15,30,45 9-17', 'at minute 0, 15, 30 and 45 of hour 9 to 17 every day'],
    ['0 0 0 +15 * * MON-FRI', 'at minute 0 of every 15th hour after the reference on Monday to Friday'],
    ['(0 0 0 0|0 0 45 4)', 'at 00:00 every day; or at 04:45 every day'],
    ['0 0 0 15 * * * 1-15', 'at 15:00 on day 1 to 15 of the year'],
    ['0 0 (15 10; 30 12; */15 *) * * *', 'every 15 minutes from 10:15 until 12:30 every day'],
    [
      '0 0 (0 22; 15 2; */15 *) * * mon-fri',
      'every 15 minutes from 22:00 until 02:15 of the next day on Monday to Friday',
    ],
    [
      '0 (0 10; 30 20; 45 0; 3)',
      'every 45 seconds from second 0 of minute 10 until second 30 of minute 20, 3 times at most of every hour every day',
    ],
    ['0 0 30 9 -1fri', 'at 09:30 on the last Friday of the month'],
    ['0 0 0 16 -1b', 'at 16:00 on the last business day of the month'],
    ['0 0 0 9 -2b,1h', 'at 09:00 on the 2nd-last business day and the 1st day without business of the month'],
    ['0 0 0 0 * * b', 'at 00:00 on business days'],
    ['0 0 */15 b', 'at every 15th minute of every hour in business time every day'],
    ['0 0 5-50/15,59', 'at minute 5 to 50 by 15 and 59 of every hour every day'],
    ['0 0 0 h', 'at minute 0 of every hour outside business time every day'],
    ['0 0 0 0 -1', 'at 00:00 on the last day of the month'],
    [
      '250 5 0 12 * FEB,jun-aug * -2 * * 2030',
      'at 12:00:05.250 on the 2nd-last day of the year in February and June to August in 2030',
    ],
    ['0 0', 'at every minute of every hour every day'],
    ['0 0 0 0 * * wed * +10', 'at 00:00 on Wednesday on every 10th week after the reference'],
    ['0 0 10 12 24b 5 * * * * *', 'at 12:10 on the 24th business day of the month in June'],
  ])('%s: %s', (text, words) => {
    expect(explainCron(parseCron(text))).toBe(words);
  });
});

describe('what is refused', () => {
  test.each([
    // expression, position, column, found, expected
    ['0 0 0 25', 7, 'hours', 'hour 25', 'an hour from 0 to 23'],
    ['0 0 0 30 Feb', 7, 'hours', 'hour 30', 'an hour from 0 to 23'],
    ['0 0 0 0 Feb', 9, 'day of month', '"feb"', 'a day from 1 to 31'],
    ['0 0 0 0 32', 9, 'day of month', 'day 32', 'a day from 1 to 31'],
    ['0 0 0 0 1 12', 11, 'month', 'month 12', 'a month from 0 to 11 or a name from "jan" to "dec"'],
    ['0 0 0 0 * * 0', 13, 'day of week', 'weekday 0', 'a weekday from 1 to 7'],
    ['0 0 0 0 * * * 1foo', 16, 'day of year', '"foo"', 'a position such as "-1", "2fri" or "-1fri"'],
    ['0 0 0 0 7fri', 9, 'day of month', 'position 7', 'a position from 1 to 6'],
    ['0 0 0 0 1 * * * * * 3001', 21, 'year', 'year 3001', 'a year from 1970 to 3000'],
    ['* * * * * * * * * * *', 1, 'milliseconds', 'every millisecond', 'some milliseconds, such as "0"'],
    ['*', 1, 'milliseconds', 'every millisecond', 'some milliseconds'],
    ['*/1 0', 1, 'milliseconds', 'every millisecond', 'some milliseconds'],
    ['0-499,500-999 0', 1, 'milliseconds', 'every millisecond', 'some milliseconds'],
    ['+1 0', 1, 'milliseconds', 'every millisecond', 'some milliseconds'],
    ['0 * * * * * * * * * * *', 23, null, 'column 12', 'at most 11 columns'],
    ['0 0 */0', 7, 'minutes', 'step 0', 'a step from 1 to 59'],
    ['0 0 */60', 7, 'minutes', 'step 60', 'a step from 1 to 59'],
    ['0 0 5/15', 6, 'minutes', '"/" after a single value', '"*/n" or a range with a step'],
    ['0 0 30-15', 5, 'minutes', 'a range from 30 to 15', 'a range that goes up, or two with a comma'],
    ['0 0 *,5', 5, 'minutes', '"*" in a list', '"*" on its own'],
    ['0 0 0 +0', 8, 'hours', 'count 0', 'a count from 1'],
    ['0 0 0 -1', 7, 'hours', '"-"', 'an hour from 0 to 23'],
    ['0 0 0 0 * b', 11, 'month', '"b"', 'a month from 0 to 11'],
    ['0 0 0 0 * * * 3b', 16, 'day of year', '"b"', 'a day from 1 to 366'],
    ['0 0 b h', 7, 'hours', '"b" and "h"', 'the same for all of the time of day'],
    ['0 0 x', 5, 'minutes', '"x"', 'a minute from 0 to 59'],
    ['0 0 1 ?', 7, 'hours', '"?"', 'a number'],
    ['0 0 (15 10; 30 12; */15)', 20, 'minutes', 'one column', '2 columns as in the start of the loop'],
    ['0 0 (0 8; 0 17; +30 *; 3) 5 12', 29, 'month', 'month 12', 'a month from 0 to 11 or a name from "jan" to "dec"'],
    ['0 0 ( 0 8 ; 0 17 ; +30 * ) 5 12', 30, 'month', 'month 12', 'a month from 0 to 11 or a name from "jan" to "dec"'],
    [
      '0 0 (0 8; 0 17; +30 *; 3) 5 * 8',
      31,
      'day of week',
      'weekday 8',
      'a weekday from 1 to 7, a name from "sun" to "sat" or "b" or "h" alone',
    ],
    ['0 0 (15 10; 30 12)', 18, 'hours', '")"', '";"'],
    ['0 0 (15 10; 30 12; * *)', 20, 'minutes', 'an increment of nothing', 'an increment that goes on'],
    ['0 0 (15-20 10; 30 12; */15 *)', 6, 'minutes', 'more than a single value', 'a minute from 0 to 59'],
    ['0 0 (15 10; 30 24; */15 *)', 16, 'hours', 'hour 24', 'an hour from 0 to 23'],
    ['0 0 (15 10; 30 12; */15 *; 0)', 28, null, 'count 0', 'a count from 1'],
    [
      '0 0 (0 8 1; 0 17 5; 0 1 *)',
      10,
      'day of month',
      'a loop over several columns up to day of month',
      'one that ends with the hours',
    ],
    ['0 0 0 0 (20; 10; 1)', 14, 'day of month', 'an end of 10 after a start of 20', 'a loop that goes up'],
    ['(0 0 (0 8; 0 17; +30 *) 32|0 0 0 0)', 25, 'day of month', 'day 32', 'a day from 1 to 31'],
    ['(0 0 0 0|0 0 45 24)', 17, 'hours', 'hour 24', 'an hour from 0 to 23'],
    ['(0 0 0 0', 9, 'hours', 'the end', '"|"'],
    ['0 0 0 99999999999999999999', 7, 'hours', 'hour 100000000000000000000', 'an hour from 0 to 23'],
  ])('%s at %i', (text, position, column, found, expected) => {
    const fault = faultOf(text);
    expect([fault.position, fault.found, fault.column]).toEqual([position, found, column]);
    expect(fault.expected).toContain(expected);
    expect(fault.message).toContain(`at character ${position}: ${found}`);
  });

  test('nothing, and too much', () => {
    expect(faultOf('   ').found).toBe('nothing');
    expect(faultOf(`0 0 0 ${'0,'.repeat(3000)}0`).expected).toBe('at most 4096');
    expect(faultOf('('.repeat(4096)).found).toBe('"("');
    expect(() => parseCron(undefined as unknown as string)).toThrow(TimeExpressionError);
  });

  test('whatever is written, it is read or refused, at once', () => {
    const word = fc.constantFrom(
      '0',
      '5',
      '31',
      '*',
      '-',
      ',',
      '/',
      '(',
      ')',
      ';',
      '|',
      '+',
      ' ',
      'fri',
      'b',
      'h',
      'jan',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), words => {
        const startMs = performance.now();
        try {
          explainCron(parseCron(words.join('')));
        } catch (error) {
          if (!(error instanceof TimeExpressionError)) throw error;
          expect(error.position).toBeLessThanOrEqual(words.join('').length + 1);
        }
        expect(performance.now() - startMs).toBeLessThan(2_000);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('worked cases', () => {
  interface Case {
    readonly expr: string | null;
    readonly kind: string;
    readonly doubtful?: boolean;
  }
  const file = 'reference/time-expression-cases.json';
  const cases = sharedCases<{ cases: Case[] }>(file);

  test.skipIf(cases === undefined)(`all cron-style ones are understood${absent(cases, file)}`, () => {
    const kinds = /^(cron.*|feature-schedule|derived)$/;
    const texts = cases!.cases
      .filter(each => kinds.test(each.kind) && each.doubtful !== true && each.expr !== null && /^[\d(]/.test(each.expr))
      .map(each => each.expr!);
    expect(texts.length).toBeGreaterThan(20);
    for (const text of texts) expect(explainCron(parseCron(text)), text).not.toBe('');
  });
});
