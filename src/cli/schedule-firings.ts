// What `millrace schedule` computes: loaded when the command runs.

import { systemClock } from '../observe/clock.js';
import type { BusinessInterval } from '../time/business-interval.js';
import { TimeExpressionError } from '../time/errors.js';
import { explainTimeExpression } from '../time/explain.js';
import { compileTimeExpression, parseTimeExpression } from '../time/expression.js';
import { instantText } from '../time/local-time.js';
import type { Firing, Schedule } from '../time/schedule.js';
import { type Zone, zoneNamed } from '../time/zone.js';
import { zoneHere } from '../time/zone-here.js';
import { caretLines } from './caret.js';
import { Refusal } from './exit.js';
import { printable } from './output.js';
import type { ScheduleOptions } from './schedule.js';

export interface AskedSchedule {
  readonly schedule: Schedule;
  readonly zone: Zone;
  readonly fromMs: number;
}

type Unmet = Exclude<Firing, { readonly kind: 'fires' }>;

/** @throws Refusal for what the user gave */
export async function scheduleOf(text: string, options: ScheduleOptions): Promise<AskedSchedule> {
  const zone = zoneOf(options.zone);
  const fromMs = options.from === undefined ? systemClock.nowMs() : momentOf(options.from, zone);
  const businessInterval = options.calendar === undefined ? undefined : await calendarOf(options.calendar, zone);
  return { schedule: await refusing(() => compile(text, options, { zone, fromMs, businessInterval })), zone, fromMs };
}

async function compile(
  text: string,
  { cron, rrule }: ScheduleOptions,
  { zone, fromMs, businessInterval }: { zone: Zone; fromMs: number; businessInterval: BusinessInterval | undefined },
): Promise<Schedule> {
  if (cron === true) {
    const { compileCrontab, parseCrontab } = await import('../time/crontab/index.js');
    return compileCrontab(parseCrontab(text), { zone });
  }
  if (rrule === true) {
    const { compileRrule, parseRrule } = await import('../time/rrule/index.js');
    return compileRrule(parseRrule(text), { zone, startMs: fromMs });
  }
  const context = { zone, ...(businessInterval === undefined ? {} : { businessInterval }) };
  return compileTimeExpression(parseTimeExpression(text), context);
}

/** @throws Refusal for what the user gave */
export async function wordsOf(
  text: string,
  { cron, rrule, zone: zoneName, calendar }: ScheduleOptions,
): Promise<{ readonly notation: string; readonly words: string }> {
  const zone = zoneOf(zoneName);
  if (calendar !== undefined) await calendarOf(calendar, zone);
  return refusing(async () => {
    if (cron === true) {
      const { explainCrontab, parseCrontab } = await import('../time/crontab/index.js');
      return { notation: 'crontab', words: explainCrontab(parseCrontab(text)) };
    }
    if (rrule === true) {
      const { explainRrule, parseRrule } = await import('../time/rrule/index.js');
      return { notation: 'rrule', words: explainRrule(parseRrule(text), { zone, startMs: systemClock.nowMs() }) };
    }
    const expression = parseTimeExpression(text);
    return { notation: expression.notation, words: explainTimeExpression(expression) };
  });
}

/** Firings one after the other, each from the one before, and why there are no more. */
export function firingsOf(
  schedule: Schedule,
  zone: Zone,
  { way, fromMs, count }: { way: 'next' | 'previous'; fromMs: number; count: number },
): { readonly instants: readonly string[]; readonly unmet: Unmet | null } {
  const instants: string[] = [];
  let atMs = fromMs;
  while (instants.length < count) {
    const firing = way === 'next' ? schedule.next(atMs) : schedule.previous(atMs);
    if (firing.kind !== 'fires') return { instants, unmet: firing };
    atMs = firing.atMs;
    instants.push(instantText(zone, atMs));
  }
  return { instants, unmet: null };
}

function zoneOf(name: string | undefined): Zone {
  try {
    return name === undefined ? zoneHere() : zoneNamed(name);
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal([`--zone: ${error.message}`]);
    throw error;
  }
}

/** An instant with `Z` or an offset, else what the clocks of the zone show: the earlier when they show it twice. */
function momentOf(text: string, zone: Zone): number {
  const expected = 'must be a time such as 2030-01-31T08:00:00Z, or 2030-01-31T08:00 in the zone';
  const found =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?)?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$/i.exec(text);
  if (found === null) throw new Refusal([`--from ${printable(text, 60)}: ${expected}`]);
  const [, date, time = '00:00', seconds = ':00', offset] = found;
  const localMs = Date.parse(`${date}T${time}${seconds}Z`);
  const isDate = !Number.isNaN(localMs) && new Date(localMs).toISOString().startsWith(`${date}T${time}`);
  if (!isDate) throw new Refusal([`--from ${text}: there is no such date or time`]);
  if (offset === undefined) {
    const [first] = zone.instantsOf(localMs);
    if (first === undefined) throw new Refusal([`--from ${text}: the clocks of ${zone.name} skip this time`]);
    return first;
  }
  return Date.parse(`${date}T${time}${seconds}${offset.toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`);
}

async function calendarOf(file: string, zone: Zone): Promise<BusinessInterval> {
  const [{ calendarFromFile }, { compileCalendar }, { formatFault }] = await Promise.all([
    import('../time/calendar/from-file.js'),
    import('../time/calendar/index.js'),
    import('../workflow/fault.js'),
  ]);
  const loaded = await calendarFromFile(file);
  const compiled = loaded.ok ? compileCalendar(loaded.value.definition, zone, loaded.value.books) : loaded;
  if (compiled.ok) return compiled.value;
  throw new Refusal(compiled.faults.map(formatFault));
}

/** A bad expression as lines for people: what is wrong, and a caret under where. */
async function refusing<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TimeExpressionError)
      throw new Refusal(caretLines(error.message, error.expression, error.position));
    throw error;
  }
}
