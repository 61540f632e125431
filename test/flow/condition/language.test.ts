// The language of conditions, sentence by sentence.

import { describe, expect, test } from 'vitest';
import { compileCondition, parseCondition, type Truth } from '../../../src/flow/condition/index.js';
import { formatFault } from '../../../src/workflow/fault.js';

function evaluate(text: string, variables: Readonly<Record<string, unknown>> = {}): Truth {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(formatFault(parsed.fault));
  return compileCondition(parsed.value)(variables);
}

/** What is wrong, as `line:column message`. */
function faultOf(text: string): string {
  const parsed = parseCondition(text);
  if (parsed.ok) return 'accepted';
  expect(parsed.fault).toMatchObject({ code: 'CONDITION_INVALID', path: '', file: null });
  return `${parsed.fault.line}:${parsed.fault.column} ${parsed.fault.message}`;
}

const variables = {
  RESULT: { result: true, salary: 5000, age: 20, subject: 'an urgent matter', name: 'my name here', list: ['a', 'b'] },
  flag: true,
  off: false,
  word: 'true',
  nothing: null,
  cities: ['Bern', 'Chur', null],
  none: [],
  map: { keyname: 7, 'key name': 8, list: [{ deep: 9 }], in: 1 },
};

describe('what the documents show', () => {
  test.for<[string, Truth]>([
    ['result.result = TRUE', true],
    ['result.result', true],
    ["result.subject LIKE '%urgent%'", true],
    ['result.salary >= 5000', true],
    ['(result.salary >=5000) AND (result.age != 20)', false],
    ['(result.salary >=5000) AND (result.age <> 21)', true],
    ["result.name = 'my name here'", true],
    ["map['keyname'] = 7", true],
    ['result.age + 1 = 21 AND result.age - 1 = 19 AND result.age * 2 = 40 AND result.age / 8 = 2.5', true],
    ["NOT result.subject LIKE '%late%'", true],
    ["result.name IN ('x', 'my name here')", true],
  ])('%s is %s', ([text, expected]) => expect(evaluate(text, variables)).toBe(expected));
});

describe('variables', () => {
  test.for<[string, Truth]>([
    ['RESULT.result', true],
    ['result.Result', null],
    ['Result.result', null],
    ['flag', true],
    ['Flag', null],
    ['off', false],
    ['NOT off', true],
    ['word', null],
    ['NOT word', null],
    ['nothing', null],
    ['nothing IS NULL AND missing IS NULL AND flag.field IS NULL AND flag is not null', true],
    ["map['key name'] = 8 AND map.list[0].deep = 9 AND map.in = 1", true],
    ["map . list [ 0 ] ['deep'] = 9", true],
    ["result.list[1] = 'b' AND result.list[2] IS NULL AND result.list['1'] IS NULL", true],
    ['result.name.length IS NULL AND result.list.length IS NULL AND map.toString IS NULL', true],
    ['result IS NOT NULL AND result.list IS NOT NULL', true],
  ])('%s is %s', ([text, expected]) => expect(evaluate(text, variables)).toBe(expected));

  test('result is RESULT, and a variable of that name where there is none', () => {
    expect(evaluate('result = 1 AND RESULT = 1', { RESULT: 1, result: 2 })).toBe(true);
    expect(evaluate('result = 2 AND RESULT = 2', { result: 2 })).toBe(true);
    expect(evaluate('result IS NULL', { RESULT: null, result: 2 })).toBe(true);
    expect(evaluate('map.result = 2 AND map.RESULT IS NULL', { map: { result: 2 } })).toBe(true);
  });

  test('any letter may be in a name', () => {
    expect(
      evaluate('größe = 1 AND $_1 = 2 AND andy = 3 AND 数.値 = 4', { größe: 1, $_1: 2, andy: 3, 数: { 値: 4 } }),
    ).toBe(true);
  });
});

describe('operators', () => {
  test.for<[string, Truth]>([
    ['', true],
    [' \n\t', true],
    ['1 + 2 * 3 - 4 / 2 = 5', true],
    ['2 * (3 + 4) = 14 and -(2 + 3) = -5 and - - 1 = 1 and +1 = 1', true],
    ['17/4 = 4.25', true],
    ['1/0 > 0', null],
    ['0/0 = 0', null],
    ['NOT (1/0 = 1)', null],
    ['1e308 * 10 > 0', null],
    ['0.1 + 0.2 = 0.3', false],
    ["'it''s' = 'it''s' AND '''' <> '' AND '''''' = ''''''", true],
    ["'a' < 'b' AND 'B' < 'a' AND 'a' <= 'a' AND 'aa' > 'a' AND 'Z' >= 'A'", true],
    ["'\u{1f600}' > '\uffee' AND '\u{1f600}' < '\u{1f601}'", true],
    ['TRUE = true AND True <> FALSE', true],
    ['TRUE > FALSE OR TRUE >= TRUE', false],
    ["'10' = 10 OR '2' > 1 OR '10' <> 10 OR 1 = TRUE OR 'true' = TRUE", false],
    ['map = map OR map <> map OR cities = cities OR map > 1', false],
    ['5 BETWEEN 1 AND 5 AND 5 NOT BETWEEN 6 AND 9', true],
    ['5 BETWEEN 6 AND missing', false],
    ['5 BETWEEN missing AND 9', null],
    ["'m' BETWEEN 'a' AND 'z'", true],
    ["'m' BETWEEN 1 AND 9", false],
    ["'m' NOT BETWEEN 1 AND 9", true],
    ['1 IN (1, 2) AND 3 NOT IN (1, 2) AND (1 - 17) IN (-16)', true],
    ["'Bern' IN cities", true],
    ["'Rom' IN cities", null],
    ["'Rom' NOT IN cities", null],
    ["'a' IN result.list AND 'c' NOT IN result.list", true],
    ["'a' IN (result.list) AND 'c' IN (result.list, 'c')", true],
    ['1 IN none OR missing IN none', false],
    ['1 IN missing', null],
    ['1 IN flag', false],
    ['missing IN (1)', null],
    ["1 IN ('1', TRUE)", false],
    ['(missing = 1) IS NULL AND (1 = 1) IS NOT NULL', true],
    ['TRUE OR FALSE AND FALSE', true],
    ['NOT FALSE AND FALSE', false],
    ['NOT 1 = 2', true],
    ['not not not off', true],
    ['flag aNd NoT off oR fAlSe', true],
    ["'a'", null],
    ['-1', null],
    ['flag AND 1', null],
    ['off AND missing', false],
    ['flag OR missing', true],
    ['missing AND flag', null],
  ])('%s is %s', ([text, expected]) => expect(evaluate(text, variables)).toBe(expected));
});

describe('LIKE', () => {
  test.for<[string, Truth]>([
    ["'abc' LIKE 'abc'", true],
    ["'abc' LIKE 'ABC'", false],
    ["'abc' LIKE 'ab'", false],
    ["'abc' LIKE 'a%'", true],
    ["'abc' LIKE '%c'", true],
    ["'abc' LIKE '%b%'", true],
    ["'abc' LIKE 'a%c'", true],
    ["'ac' LIKE 'a%c'", true],
    ["'a' LIKE 'a%a'", false],
    ["'abc' LIKE '___'", true],
    ["'abc' LIKE '____'", false],
    ["'' LIKE ''", true],
    ["'' LIKE '%'", true],
    ["'' LIKE '_'", false],
    ["'a.c' LIKE 'a.c' AND 'abc' NOT LIKE 'a.c'", true],
    ["'100%' LIKE '100!%' ESCAPE '!' AND '1000' NOT LIKE '100!%' ESCAPE '!'", true],
    ["'a!b' LIKE 'a!!b' ESCAPE '!' AND 'a!b' LIKE 'a!b' ESCAPE '!'", true],
    ["'a\\%' LIKE 'a\\%'", true],
    ["'a\nb' LIKE 'a_b' AND 'a\nb' LIKE 'a%b'", true],
    ["'😀' LIKE '_' AND '😀😀' LIKE '_😀' AND 'a😀b' LIKE 'a_b' AND 'x😀y' LIKE '%_y'", true],
    ["'it''s' LIKE 'it''%'", true],
    ["'aXbXc' LIKE '%X_X%'", true],
    ["'mississippi' LIKE 'm%iss%ip%i'", true],
    ["'mississippi' LIKE 'm%iss%iss%iss%'", false],
    [`'${'ab'.repeat(50)}c' LIKE '%${'_b'.repeat(40)}c'`, true],
    [`'${'ab'.repeat(50)}c' LIKE '%${'_b'.repeat(40)}c%'`, true],
    [`'${'ab'.repeat(50)}c' LIKE '%${'_b'.repeat(51)}%'`, false],
    ["5 LIKE '%'", false],
    ["5 NOT LIKE '%'", true],
    ["missing LIKE '%'", null],
    ["missing NOT LIKE '%'", null],
  ])('%s is %s', ([text, expected]) => expect(evaluate(text)).toBe(expected));
});

describe('numbers are the literals of Java, as doubles', () => {
  test.for<[string, Truth]>([
    ['1. = 1 AND .5 = 0.5 AND 1e3 = 1000 AND 1E-2 = .01 AND 1.5e+1 = 15', true],
    ['1_000 = 1000 AND 0xFF = 255 AND 0XfF = 255 AND 077 = 63 AND 0b101 = 5 AND 0x1p-3 = .125 AND 0x.8p1 = 1', true],
    [
      '10L = 10 AND 1.5f = 1.5 AND 1d = 1 AND 0xFFL = 255 AND 0x1_F = 31 AND 0xF_F = 255 AND 1__0 = 10 AND 1_0.5e1_0 = 10.5e10',
      true,
    ],
    ['0xFFFFFFFFFFFFFFFF = -1', true],
    ['9007199254740993 = 9007199254740992', false],
    ['9007199254740993 > 9007199254740992 AND -9007199254740993 < -9007199254740992', true],
    ['9007199254740993 + 0 = 9007199254740992', true],
    ['id = 9007199254740992 AND id <> 9007199254740993', true],
    ['0 = -0', true],
  ])('%s is %s', ([text, expected]) => expect(evaluate(text, { id: 2 ** 53 })).toBe(expected));

  test.for([
    ['1_ = 1', 'a number with _ between its digits only'],
    ['0x_1 = 1', 'a number with _ between its digits only'],
    ['1_.5 = 1', 'a number with _ between its digits only'],
    ['1_L = 1', 'a number with _ between its digits only'],
    ['08 = 8', 'octal digits (0 to 7) after a leading 0'],
    ['1e999 = 1', 'a number that a double can hold'],
    [`${'9'.repeat(400)} = 1`, 'a number that a double can hold'],
    ['0x10000000000000000 = 1', 'at most 64 bits'],
    ['0x = 1', 'a number such as 12, 1.5, 2e10 or 0xFF'],
    ['1.5L = 1', 'a number such as 12, 1.5, 2e10 or 0xFF'],
  ])('%s is refused: %s', ([text, expected]) => expect(faultOf(text!)).toContain(`(expected ${expected})`));
});

describe('a fault says where, and what would be accepted', () => {
  test.for([
    ['a = ', '1:5 at character 5: the end (expected a value)'],
    ['a ==1', '1:4 at character 4: "=" (expected a value)'],
    ['a = 1 b', '1:7 at character 7: "b" (expected '],
    ['a AMD b', '1:3 at character 3: "AMD" (expected '],
    ['((a=1)', '1:7 at character 7: the end (expected '],
    ['a=1)', '1:4 at character 4: ")" (expected '],
    ["a = 'red", "1:5 at character 5: a text without its end (expected ' at its end)"],
    ['a IN ()', '1:7 at character 7: ")" (expected a value)'],
    ["a NOT IN ('a'", '1:14 at character 14: the end (expected '],
    ["a IN 'a'", '1:6 at character 6: "\'" (expected ( or a list in a variable)'],
    ['a LIKE 3', '1:8 at character 8: "3" (expected a text such as \'a\')'],
    ["a LIKE 'b' ESCAPE 'ab'", '1:19 at character 19: "ab" (expected one character)'],
    ['in = 1', '1:1 at character 1: the keyword in (expected NOT, a value or the end)'],
    ['a = NULL', '1:5 at character 5: the keyword NULL (expected a value)'],
    ['a IS 1', '1:6 at character 6: "1" (expected NOT or NULL)'],
    ['3+5', '1:1 at character 1: a calculation (expected something true or false, such as a comparison)'],
    ['a AND 3+5', '1:7 at character 7: a calculation (expected something true or false, such as a comparison)'],
    ['3', '1:1 at character 1: 3 (expected something true or false, such as a comparison)'],
    ['a = "x"', '1:5 at character 5: "\\"" (expected a value; texts stand between \')'],
    ['a = ‘x’', '1:5 at character 5: "‘" (expected a value; texts stand between \')'],
    ["😀 = 'a'", '1:1 at character 1: "😀" (expected NOT, a value or the end)'],
    ["'😀' == 'a'", '1:6 at character 6: "=" (expected a value)'],
    ["a = 'x'\n AND b = = 1", '2:10 at character 18: "=" (expected a value)'],
    ['a % 2 = 0', '1:3 at character 3: "%" (expected '],
    ['a = b = c', '1:7 at character 7: "=" (expected '],
    ["constructor.constructor('return process')()", '1:24 at character 24: "(" (expected '],
    ['a.b() = 1', '1:4 at character 4: "(" (expected '],
    ['a[b] = 1', '1:3 at character 3: "b" (expected a key such as \'name\' or an index from 0)'],
    ['a[-1] = 1', '1:3 at character 3: "-" (expected '],
    ['a. = 1', '1:4 at character 4: "=" (expected a field)'],
    ["a = 'b'; DROP TABLE c", '1:8 at character 8: ";" (expected '],
  ])('%s', ([text, expected]) => expect(faultOf(text!).startsWith(expected!), faultOf(text!)).toBe(true));
});
