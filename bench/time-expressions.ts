// What the `time` scenario asks: the same schedules in every notation that has them, ours that need a calendar, and ours
// that have no next firing.

import rrule from 'rrule';

// It is CommonJS: Node finds no names in it.
const { RRule } = rrule;

/** A schedule that cron, RRULE and the cron-style columns can all tell. */
export interface SharedExpression {
  readonly name: string;
  readonly columns: string;
  readonly crontab: string;
  readonly rule: ConstructorParameters<typeof RRule>[0];
}

const atNoon = { byhour: [12], byminute: [0], bysecond: [0] };

export const sharedExpressions: readonly SharedExpression[] = [
  {
    name: 'every minute',
    columns: '0 0',
    crontab: '0 * * * * *',
    rule: { freq: RRule.MINUTELY, bysecond: [0] },
  },
  {
    name: 'quarter hours, 9 to 17',
    columns: '0 0 */15 9-17',
    crontab: '0 */15 9-17 * * *',
    rule: { freq: RRule.DAILY, byhour: [9, 10, 11, 12, 13, 14, 15, 16, 17], byminute: [0, 15, 30, 45], bysecond: [0] },
  },
  { name: 'daily', columns: '0 0 0 12', crontab: '0 0 12 * * *', rule: { freq: RRule.DAILY, ...atNoon } },
  {
    name: 'Monday to Friday',
    columns: '0 0 0 12 * * mon-fri',
    crontab: '0 0 12 * * 1-5',
    rule: { freq: RRule.WEEKLY, byweekday: [RRule.MO, RRule.TU, RRule.WE, RRule.TH, RRule.FR], ...atNoon },
  },
  {
    name: 'the 15th of the month',
    columns: '0 0 0 12 15',
    crontab: '0 0 12 15 * *',
    rule: { freq: RRule.MONTHLY, bymonthday: [15], ...atNoon },
  },
  {
    name: 'last Friday of the month',
    columns: '0 0 0 12 -1fri',
    crontab: '0 0 12 * * 5L',
    rule: { freq: RRule.MONTHLY, byweekday: [RRule.FR.nth(-1)], ...atNoon },
  },
  {
    name: '29 February',
    columns: '0 0 0 12 29 feb',
    crontab: '0 0 12 29 2 *',
    rule: { freq: RRule.YEARLY, bymonth: [2], bymonthday: [29], ...atNoon },
  },
];

/** Mondays to Fridays but for the holidays of the United States, 08:30 to 16:15 with an hour of lunch. */
export const workingHours = `
calendar: working-hours
rules:
  - include: { days: mon-fri, hours: 08:30-16:15 }
  - exclude: { hours: 11:30-12:30 }
  - exclude: { holidays: US }
`;

export const calendarExpressions: readonly { readonly name: string; readonly columns: string }[] = [
  { name: 'last business day of the month, 16:00', columns: '0 0 0 16 -1b' },
  { name: 'second-to-last business day, 09:00', columns: '0 0 0 9 -2b' },
  { name: 'business days at noon', columns: '0 0 0 12 b' },
  { name: 'quarter hours in working hours', columns: '0 0 */15 b' },
  { name: 'hours outside working hours', columns: '0 0 0 h' },
];

export const unsatisfiableExpressions: readonly { readonly name: string; readonly columns: string }[] = [
  { name: '24th business day of June', columns: '0 0 10 12 24b 5 * * * * *' },
  { name: '30 February', columns: '0 0 0 0 30 feb' },
  { name: 'an hour never in business time', columns: '0 0 b 3' },
  { name: 'a time left out by daylight saving', columns: '0 0 30 2 8-14 mar sun' },
  { name: 'increments that never meet', columns: '+60000 30' },
];
