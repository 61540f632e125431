// Recurrence rules as written: `RRULE:` with `DTSTART`, `RDATE` and `EXDATE` before or behind it, on lines of their own or
// parted by blanks; or the rule alone. Every part is checked here: the library would pass over what it does not know.

import { checkExpressionText, TimeExpressionError } from '../errors.js';
import { zoneNamed } from '../zone.js';
import type { RecurrenceRule, WrittenTime } from './ast.js';

interface Part {
  readonly text: string;
  readonly index: number;
}

/** Refuses when a value does not match; the bounds of its numbers, which may count from the end where `isSigned`. */
type PartRule =
  | { readonly words: readonly string[] }
  | { readonly min: number; readonly max: number; readonly isList: boolean; readonly isSigned: boolean }
  | { readonly pattern: RegExp; readonly expected: string };

const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const number = (min: number, max: number): PartRule => ({ min, max, isList: false, isSigned: false });
const list = (min: number, max: number): PartRule => ({ min, max, isList: true, isSigned: false });
const signed = (max: number): PartRule => ({ min: 1, max, isList: true, isSigned: true });

const partRules: Readonly<Record<string, PartRule>> = {
  FREQ: { words: ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY'] },
  INTERVAL: number(1, 100_000),
  // The library counts from the start each time, and gives up after 10,000 periods.
  COUNT: number(1, 10_000),
  UNTIL: { pattern: /^\d{8}(T\d{6}Z?)?$/, expected: 'a date or time, such as 20301231T235959Z' },
  BYSECOND: list(0, 59),
  BYMINUTE: list(0, 59),
  BYHOUR: list(0, 23),
  BYDAY: {
    pattern:
      /^([+-]?([1-9]|[1-4]\d|5[0-3]))?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?([1-9]|[1-4]\d|5[0-3]))?(MO|TU|WE|TH|FR|SA|SU))*$/,
    expected: 'weekdays MO to SU, with a place before them or none, such as MO,-1FR',
  },
  BYMONTHDAY: signed(31),
  BYYEARDAY: signed(366),
  BYWEEKNO: signed(53),
  BYMONTH: list(1, 12),
  BYSETPOS: signed(366),
  WKST: { words: weekdays },
};

/** Longest months: no year has 30 February. */
const monthLengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const timesMax = 1_000;

/**
 * Parses a recurrence rule, such as `DTSTART:20200430T080000 RRULE:FREQ=MONTHLY;BYDAY=-1FR`.
 *
 * @throws TimeExpressionError naming the character, and what would be accepted there
 */
export function parseRrule(text: string): RecurrenceRule {
  checkExpressionText(text);
  let rule: Part | null = null;
  let start: WrittenTime | null = null;
  const included: WrittenTime[] = [];
  const excluded: WrittenTime[] = [];
  for (const match of text.matchAll(/\S+/g)) {
    const part = { text: match[0], index: match.index };
    const property = /^(DTSTART|RDATE|EXDATE|RRULE)(;[^:]*)?:/i.exec(part.text);
    const name = property?.[1]?.toUpperCase() ?? 'RRULE';
    const valueAt = property?.[0].length ?? 0;
    const value = { text: part.text.slice(valueAt), index: part.index + valueAt };
    if (name === 'RRULE') {
      if (rule !== null) refuse(text, part.index, 'a second rule', 'one rule, DTSTART, RDATE and EXDATE');
      rule = value;
      checkRule(text, value);
      continue;
    }
    const times = timesOf(text, value, zoneOf(text, part, property?.[2] ?? ''));
    if (name !== 'DTSTART') (name === 'RDATE' ? included : excluded).push(...times);
    else if (start === null && times.length === 1) start = times[0]!;
    else refuse(text, part.index, 'more than one start', 'one DTSTART with one time');
  }
  if (rule === null) return refuse(text, text.length, 'no rule', 'a rule, such as RRULE:FREQ=DAILY');
  if (included.length + excluded.length > timesMax) refuse(text, text.length, 'too many times', `at most ${timesMax}`);
  return { kind: 'rrule', text, rule: rule.text.toUpperCase(), ruleIndex: rule.index, start, included, excluded };
}

function checkRule(text: string, rule: Part): void {
  const values = new Map<string, string>();
  let index = rule.index;
  for (const written of rule.text.split(';')) {
    const [name, value] = written.toUpperCase().split('=') as [string, string | undefined];
    const known = Object.hasOwn(partRules, name) ? partRules[name] : undefined;
    if (known === undefined || value === undefined || written.split('=').length > 2) {
      refuse(
        text,
        index,
        `"${written.slice(0, 20)}"`,
        `one of ${Object.keys(partRules).join(', ')} with a value, such as FREQ=DAILY`,
      );
    }
    if (values.has(name)) refuse(text, index, `a second ${name}`, 'each part once');
    checkValue(text, known, { text: value, index: index + name.length + 1 });
    values.set(name, value);
    index += written.length + 1;
  }
  if (!values.has('FREQ'))
    refuse(text, rule.index, 'no FREQ', 'FREQ=YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY');
  if (values.has('COUNT') && values.has('UNTIL')) refuse(text, rule.index, 'COUNT and UNTIL', 'one of them');
  checkDays(text, rule, values);
}

function checkValue(text: string, known: PartRule, { text: value, index }: Part): void {
  const found = value === '' ? 'nothing' : `"${value.slice(0, 20)}"`;
  if ('words' in known) {
    if (!known.words.includes(value)) refuse(text, index, found, known.words.join(', '));
    return;
  }
  if ('pattern' in known) {
    if (!known.pattern.test(value)) refuse(text, index, found, known.expected);
    return;
  }
  const { min, max, isList, isSigned } = known;
  let at = index;
  for (const each of isList ? value.split(',') : [value]) {
    const size = /^[+-]?\d{1,7}$/.test(each) ? Math.abs(Number(each)) : Number.NaN;
    const isWithin = size >= min && size <= max && (isSigned || !/^[+-]/.test(each));
    if (!isWithin)
      refuse(
        text,
        at,
        each === '' ? 'nothing' : `"${each.slice(0, 20)}"`,
        `${min} to ${max}${isSigned ? `, or -${max} to -${min} from the end` : ''}`,
      );
    at += each.length + 1;
  }
}

/** Days that no month asked for has would be looked for in vain, for ever. */
function checkDays(text: string, rule: Part, values: ReadonlyMap<string, string>): void {
  const days = values
    .get('BYMONTHDAY')
    ?.split(',')
    .map(day => Math.abs(Number(day)));
  const months = values.get('BYMONTH')?.split(',').map(Number);
  if (days === undefined || months === undefined) return;
  const longest = Math.max(...months.map(month => monthLengths[month - 1]!));
  if (days.every(day => day > longest))
    refuse(text, rule.index, 'a day that no such month has', `BYMONTHDAY up to ${longest} with these months`);
}

function zoneOf(text: string, { text: part, index }: Part, parameters: string): string | null {
  const named = /;TZID=([^;:]*)/i.exec(parameters);
  const unknown = parameters.replace(/;TZID=[^;:]*/i, '').replace(/;VALUE=DATE(-TIME)?$/i, '');
  if (unknown !== '') refuse(text, index + part.indexOf(unknown), `"${unknown.slice(0, 20)}"`, 'TZID= or VALUE=DATE');
  if (named === null) return null;
  try {
    return zoneNamed(named[1]!).name;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse(
      text,
      index + part.indexOf(named[0]) + 6,
      'no known time zone',
      'an IANA zone, such as Europe/Zurich',
    );
  }
}

/** `20200430T080000`, `20200430T080000Z`, `20200430`; several parted by commas. */
function timesOf(text: string, { text: value, index }: Part, zoneName: string | null): readonly WrittenTime[] {
  let at = index;
  return value.split(',').map(each => {
    const found = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/i.exec(each);
    const [, year, month, day, hour = '00', minute = '00', second = '00', utc = ''] = found ?? [];
    const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
    const ms = Date.parse(`${local}Z`);
    // Date.parse takes 30 February as 1 March.
    if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(local)) {
      refuse(text, at, each === '' ? 'nothing' : `"${each.slice(0, 20)}"`, 'a date or time, such as 20200430T080000');
    }
    at += each.length + 1;
    return { local, zoneName: utc === '' ? zoneName : 'UTC' };
  });
}

function refuse(expression: string, index: number, found: string, expected: string): never {
  throw new TimeExpressionError({ expression, index, found, expected });
}
