// `${…}` in texts: what is put in, as which type, and what is refused.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseTemplate,
  type Substituted,
  type SubstitutionContext,
  substitute,
  substitutedLengthMax,
} from '../../../src/flow/substitution/index.js';
import type { BusinessInterval } from '../../../src/time/business-interval.js';
import { zoneNamed } from '../../../src/time/zone.js';
import type { Json } from '../../../src/workflow/model.js';
import { seed } from '../../seed.js';

const configuration: Readonly<Record<string, Json>> = { MAIL_HOST: 'mail.example', '/bank/PORT': 25, EMPTY: null };

const context: SubstitutionContext = {
  scopes: [
    { file: 'a.csv', own: true },
    {
      RESULT: {
        field: 'f',
        list: ['x', { deep: [1, 2] }],
        map: { 'a key': 7, get: 'g' },
        count: 3,
        nothing: null,
        big: 1e21,
      },
      name: 'Ann',
      file: 'b.csv',
    },
    { name: 'Bo', größe: 5, flag: false, runtime: 'r', date: 'd' },
  ],
  runtime: name => configuration[name],
  // A Thursday.
  atMs: Date.parse('2026-11-05T14:05:09.250Z'),
  zone: zoneNamed('Europe/Zurich'),
};

function substituted(text: string, own: Partial<SubstitutionContext> = {}): Substituted {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(parsed.fault.message);
  return substitute(parsed.value, { ...context, ...own });
}

const value = (text: string, own: Partial<SubstitutionContext> = {}): Json => {
  const outcome = substituted(text, own);
  if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome.value;
};

describe('variables', () => {
  test.for<[string, Json]>([
    ['${name}', 'Ann'],
    ['Dear ${name}, ${ name }!', 'Dear Ann, Ann!'],
    ['${file}', 'a.csv'],
    ['${RESULT.field}', 'f'],
    ['${result.field}', 'f'],
    ['${RESULT.list.get(0)}', 'x'],
    ['${RESULT.list[1].deep[0]}', 1],
    ["${RESULT.map['a key']} ${RESULT.map.get('a key')} ${RESULT.map.get}", '7 7 g'],
    ['${größe}', 5],
    ['${runtime} ${date}', 'r d'],
  ])('%s is %j', ([text, expected]) => expect(value(text)).toEqual(expected));

  test('a text that is one expression keeps its type; in a text, values are written', () => {
    expect(value('${RESULT.count}')).toBe(3);
    expect(value('${own}')).toBe(true);
    expect(value('${RESULT.nothing}')).toBe(null);
    expect(value('${RESULT.list}')).toEqual(['x', { deep: [1, 2] }]);
    expect(value('${RESULT.count} ')).toBe('3 ');
    expect(value('${RESULT.count}${RESULT.count}')).toBe('33');
    expect(value('[${RESULT.nothing}] ${own} ${flag} ${RESULT.big}')).toBe('[] true false 1e+21');
    expect(value('rows: ${RESULT.list}')).toBe('rows: ["x",{"deep":[1,2]}]');
  });

  test('what is not there stops the substitution, and is named', () => {
    const failed = (text: string): unknown => substituted(text);
    expect(failed('to ${nobody}')).toEqual({
      ok: false,
      code: 'VARIABLE_MISSING',
      message: '"${nobody}": there is no nobody',
    });
    expect(failed('${RESULT.list[1].none.deeper}')).toMatchObject({
      message: expect.stringContaining('no RESULT.list[1].none'),
    });
    expect(failed('${RESULT.list[2]}')).toMatchObject({ message: expect.stringContaining('no RESULT.list[2]') });
    expect(failed('${RESULT.nothing.field}')).toMatchObject({
      message: expect.stringContaining('no RESULT.nothing.field'),
    });
    for (const text of [
      '${name.length}',
      '${RESULT.list.length}',
      '${constructor}',
      '${RESULT.__proto__}',
      '${name[0]}',
    ])
      expect(failed(text)).toMatchObject({ ok: false, code: 'VARIABLE_MISSING' });
  });
});

describe('the runtime configuration', () => {
  test('is asked for the name as written', () => {
    expect(value('${runtime MAIL_HOST}')).toBe('mail.example');
    expect(value('${runtime MAIL_HOST}:${ runtime  /bank/PORT }')).toBe('mail.example:25');
    expect(value('${runtime /bank/PORT}')).toBe(25);
    expect(value('${runtime EMPTY}')).toBe(null);
    expect(substituted('${runtime NONE}')).toEqual({
      ok: false,
      code: 'PROPERTY_MISSING',
      message: '"${runtime NONE}": the runtime configuration has no such property',
    });
  });
});

describe('dates', () => {
  test.for([
    ['${date yyyy-MM-dd HH:mm:ss}', '2026-11-05 15:05:09'],
    ['${date yyyyMMdd}', '20261105'],
    ['${date D d MMM yy, H:m:s}', 'Thurs 5 Nov 26, 15:5:9'],
    ['${date DD, d MMMM yyyy }!', 'Thursday, 5 November 2026!'],
    ["${date yyyy-MM-dd'T'HH:mm'h, o''clock'}", "2026-11-05T15:05h, o'clock"],
    ["${date HH''mm}", "15'05"],
    ['${date (+d) yyyy-MM-dd}', '2026-11-06'],
    ['${date (-M^M) dd/MM/yyyy}', '01/10/2026'],
    ['${date(+d) dd}', ''],
    ['${date (?thu{+d}{-d}) dd}', '06'],
    ['report-${date (-d) MMdd}.csv', 'report-1104.csv'],
    ['${date ( +7m ) HH:mm}', '15:12'],
  ])('%s is %s', ([text, expected]) => {
    if (expected === '') expect(parseTemplate(text!).ok).toBe(false);
    else expect(value(text!)).toBe(expected);
  });

  test('every month and day has its name', () => {
    const named = (atMs: number): Json => value('${date D DD MMM MMMM}', { atMs, zone: zoneNamed('UTC') });
    const [january, day] = [Date.parse('2027-01-15T12:00Z'), 86_400_000];
    expect(Array.from({ length: 7 }, (_, index) => named(january + index * day))).toEqual([
      'Fri Friday Jan January',
      'Sat Saturday Jan January',
      'Sun Sunday Jan January',
      'Mon Monday Jan January',
      'Tues Tuesday Jan January',
      'Wed Wednesday Jan January',
      'Thurs Thursday Jan January',
    ]);
    expect(named(Date.parse('2027-09-01T12:00Z'))).toBe('Wed Wednesday Sep September');
  });

  test('business days are those of the business interval; without one, and without such a day, there is no date', () => {
    const odd = { name: 'odd', isBusinessDay: (day: number) => day % 2 !== 0 } as BusinessInterval;
    const never = { name: 'never', isBusinessDay: () => false } as unknown as BusinessInterval;
    expect(value('${date (+2b) MM-dd}', { businessInterval: odd })).toBe('11-08');
    expect(substituted('${date (+b) dd}')).toEqual({
      ok: false,
      code: 'DATE_IMPOSSIBLE',
      message: expect.stringContaining('no business interval'),
    });
    expect(substituted('${date (+b) dd}', { businessInterval: never })).toMatchObject({
      ok: false,
      code: 'DATE_IMPOSSIBLE',
      message: expect.stringContaining('could not be satisfied'),
    });
  });
});

describe('texts', () => {
  test.for([
    ['', ''],
    ['nothing $ in { it }', 'nothing $ in { it }'],
    ['$name $$ {name}', '$name $$ {name}'],
    ['$${name}', '${name}'],
    ['$$${name}', '$${name}'],
    ['$${${name}}', '${Ann}'],
    ['costs $${name}: $5, ${name}$', 'costs ${name}: $5, Ann$'],
    ['a\n${name}\n', 'a\nAnn\n'],
    ['😀${name}😀', '😀Ann😀'],
  ])('%j is %j', ([text, expected]) => expect(value(text!)).toBe(expected));

  test('what is put in is not looked into again', () => {
    expect(value('${a} ${b}', { scopes: [{ a: '${b}', b: '$${c}' }] })).toBe('${b} $${c}');
  });

  test(`a text without expressions stays what it is (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', ' ', '😀') }), text => {
        fc.pre(!text.includes('${'));
        expect(value(text)).toBe(text);
      }),
    );
  });

  test(`values stand where their expressions do (seed ${seed})`, () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const part = fc.oneof(
      fc.string({ unit: fc.constantFrom('x', '}', '{', ' ', '\n') }).map(text => ({ written: text, value: text })),
      name.map(each => ({ written: `\${${each}}`, value: each.toUpperCase() })),
      fc.constant({ written: '$${', value: '${' }),
    );
    fc.assert(
      fc.property(fc.array(part), parts => {
        const text = parts.map(({ written }) => written).join('');
        const expected = parts.map(each => each.value).join('');
        expect(value(text, { scopes: [{ a: 'A', b: 'B', c: 'C' }] })).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe('bounds', () => {
  test('a text grows to a bound, and not beyond', () => {
    const half = 'x'.repeat(substitutedLengthMax / 2);
    expect(value('${half}${half}', { scopes: [{ half }] })).toHaveLength(substitutedLengthMax);
    expect(substituted('${half}${half}${half}', { scopes: [{ half }] })).toMatchObject({ code: 'TEXT_TOO_LONG' });
    expect(substituted('${half}'.repeat(1_000), { scopes: [{ half }] })).toMatchObject({ code: 'TEXT_TOO_LONG' });
  });

  test.for([
    ['${}', '1:3 at character 3: "}" (expected a variable, runtime NAME or date FORMAT)'],
    ['ab ${name', '1:10 at character 10: the end (expected '],
    ['ab\n ${a b}', '2:6 at character 9: "b" (expected } (a ${ that is meant as text is written $${))'],
    ['${a.}', '1:5 at character 5: "}" (expected a field)'],
    ['${a[-1]}', '1:5 at character 5: "-" (expected a key such as \'name\' or an index from 0)'],
    ['${a()}', '1:4 at character 4: "(" (expected '],
    ["${constructor.constructor('return process')()}", '1:26 at character 26: "(" (expected '],
    ['${date YYYY}', '1:8 at character 8: "Y" (expected '],
    ['${date ddd}', '1:8 at character 8: "d" (expected '],
    ['${date (+3days) dd}', '1:11 at character 11: unit "days" (expected a unit'],
    ['😀 ${date (+d+) dd}', '1:14 at character 14: the end (expected a count or a unit)'],
    ['${date (+d)}', '1:12 at character 12: "}" (expected '],
    ['${a}'.repeat(1_001), '1:4001 at character 4001: more expressions (expected at most 1000)'],
    [`\${a}${'x'.repeat(70_000)}`, '1:32769 at character 32769: 70004 characters (expected at most 32768)'],
    ['${${a}}', '1:4 at character 4: "{" (expected '],
  ])('%s', ([text, expected]) => {
    const parsed = parseTemplate(text!);
    if (parsed.ok) throw new Error('accepted');
    const { line, column, message, code } = parsed.fault;
    expect(code).toBe('SUBSTITUTION_INVALID');
    expect(`${line}:${column} ${message}`.slice(0, expected!.length)).toBe(expected);
  });

  test(`any text is read or refused (seed ${seed})`, () => {
    const unit = fc.constantFrom(
      '${',
      '}',
      '$',
      'a',
      '.',
      '[',
      ']',
      "'",
      '(',
      ')',
      '0',
      'date ',
      'runtime ',
      'yy',
      '+d',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 60 }), units => {
        const parsed = parseTemplate(units.join(''));
        if (parsed.ok) substitute(parsed.value, context);
        else expect(parsed.fault.message).toMatch(/^at character \d+: /);
      }),
      { numRuns: 3_000 },
    );
  });

  test.for([
    `\${a}${'$'.repeat(32_000)}`,
    `\${a${'[0]'.repeat(10_000)}}`,
    '${a}'.repeat(8_000),
    `\${a${' '.repeat(32_000)}`,
    `\${date ${"'".repeat(32_000)}}`,
    `\${date (${'('.repeat(32_000)}`,
    `\${date (${'+d'.repeat(16_000)}) dd}`,
    `\${date ${' '.repeat(32_000)}`,
    `\${date yyyy${' '.repeat(32_000)}`,
    `\${date yyyy${' -'.repeat(16_000)}`,
    `\${runtime ${'x'.repeat(32_000)}`,
  ])('a long text is read or refused in less than 50 ms: %#', text => {
    let best = Number.POSITIVE_INFINITY;
    // Of this process alone, and the best of several: others share the machine.
    for (let run = 0; run < 5 && best > 50; run++) {
      const from = process.cpuUsage();
      parseTemplate(text);
      const { user, system } = process.cpuUsage(from);
      best = Math.min(best, (user + system) / 1_000);
    }
    expect(best).toBeLessThan(50);
  });
});
