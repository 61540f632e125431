// One schedule asked for its firings one after the other, by us and by the libraries people use: each in the way that is
// fastest for it.

import { CronExpressionParser } from 'cron-parser';
import { Cron } from 'croner';
import rrule from 'rrule';

// It is CommonJS: Node finds no names in it.
const { RRule } = rrule;

import { cronSchedule, parseCron } from '../src/time/cron/index.js';
import { compileCrontab, parseCrontab } from '../src/time/crontab/index.js';
import type { Schedule } from '../src/time/schedule.js';
import { zoneNamed } from '../src/time/zone.js';
import type { SharedExpression } from './time-expressions.js';

/** The sum of the next `count` firings after an instant, in milliseconds: what was done, to be compared. */
export type Walk = (fromMs: number, count: number) => number;

export interface TimeContestant {
  readonly name: string;
  readonly isOurs: boolean;
  readonly walk: Walk;
}

export const benchZone = 'America/New_York';

export function contestantsOf(expression: SharedExpression): readonly TimeContestant[] {
  const zone = zoneNamed(benchZone);
  const cron = new Cron(expression.crontab, { timezone: benchZone });
  const columns = cronSchedule(parseCron(expression.columns), { zone });
  const crontab = compileCrontab(parseCrontab(expression.crontab), { zone });
  return [
    { name: 'cron-style', isOurs: true, walk: walkOf(columns) },
    { name: 'crontab', isOurs: true, walk: walkOf(crontab) },
    { name: 'croner', isOurs: false, walk: (fromMs, count) => walkCroner(cron, fromMs, count) },
    { name: 'cron-parser', isOurs: false, walk: walkCronParser(expression.crontab) },
    { name: 'rrule', isOurs: false, walk: walkRule(expression.rule) },
  ];
}

export function walkOf(schedule: Schedule): Walk {
  return (fromMs, count) => {
    let sum = 0;
    for (let atMs = fromMs, left = count; left > 0; left -= 1) {
      const firing = schedule.next(atMs);
      if (firing.kind !== 'fires') throw new Error(firing.message);
      atMs = firing.atMs;
      sum += atMs;
    }
    return sum;
  };
}

function walkCroner(cron: Cron, fromMs: number, count: number): number {
  let sum = 0;
  let at = new Date(fromMs);
  for (let left = count; left > 0; left -= 1) {
    at = cron.nextRun(at)!;
    sum += at.getTime();
  }
  return sum;
}

function walkCronParser(crontab: string): Walk {
  const expression = CronExpressionParser.parse(crontab, { tz: benchZone });
  return (fromMs, count) => {
    expression.reset(new Date(fromMs));
    let sum = 0;
    for (let left = count; left > 0; left -= 1) sum += expression.next().getTime();
    return sum;
  };
}

/** On clocks without a zone, which is less work: rrule's own zones are many times slower. Only its `all` does not begin anew. */
function walkRule(options: SharedExpression['rule']): Walk {
  const zone = zoneNamed(benchZone);
  return (fromMs, count) => {
    const rule = new RRule({ ...options, dtstart: new Date(zone.localOf(fromMs) + 1_000), count }, true);
    let sum = 0;
    for (const local of rule.all()) sum += zone.instantsOf(local.getTime()).at(-1)!;
    return sum;
  };
}
