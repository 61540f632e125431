// millrace schedule: what a time expression means and when it fires. Needs no engine and no folder.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Ended, exitCodes } from './exit.js';
import { print, say } from './output.js';

const examples = `
Examples:
  millrace schedule next '+7m'                                 in seven minutes
  millrace schedule next '0 0 0 18 * * mon-fri' --count 5      the next five evenings of working days
  millrace schedule next '0 0 0 16 -1b' --calendar bank.yaml   the last business day of the month at 16:00
  millrace schedule next '30 8 * * mon-fri' --cron             ordinary crontab
  millrace schedule next 'FREQ=MONTHLY;BYDAY=-1FR' --rrule     a recurrence rule (RFC 5545)
  millrace schedule previous '0 0 30 10' --from 2030-01-31     before a time
  millrace schedule explain '+M^M>4mon'                        in words

An expression that begins with - stands behind --:  millrace schedule explain -- '-7m'
A bad expression is printed with a caret under the character that is wrong.
Exit codes: 0 done, 1 it has no such firing, 2 refused (bad expression, option or calendar; a period that goes nowhere).`;

const ownExamples = {
  next: `
Examples:
  millrace schedule next '+6H' --from 2020-04-30T08:00         from a time of the zone; Z or an offset says which instant
  millrace schedule next '0 0 0 2' --zone America/New_York --count 3 --json`,
  previous: `
Examples:
  millrace schedule previous '@daily' --cron --count 7         the last seven, latest first`,
  explain: `
Examples:
  millrace schedule explain '0 0 (30 8; 45 16; +7 *) * *'
  millrace schedule explain '?sat{-d}?sun{+d}' --json          {"notation","words"}`,
};

export interface ScheduleOptions {
  readonly from?: string;
  readonly zone?: string;
  readonly count: number;
  readonly calendar?: string;
  readonly cron?: true;
  readonly rrule?: true;
  readonly json?: true;
}

export function addSchedule(program: Command, ended: Ended): void {
  const schedule = program
    .command('schedule')
    .summary('when a time expression fires, and what it says')
    .description('When a time expression fires next or fired last, and what it says in words.')
    .addHelpText('after', examples);
  const firings = (name: 'next' | 'previous', summary: string): void => {
    common(schedule.command(name), summary)
      .option('--from <time>', 'strictly after (before) this time, such as 2030-01-31T08:00:00Z', undefined)
      .option('--count <n>', 'how many', countOf, 1)
      .addHelpText('after', ownExamples[name])
      .action(async (text: string, options: ScheduleOptions) => ended(await list(name, text, options)));
  };
  firings('next', 'print the next firings');
  firings('previous', 'print the last firings, latest first');
  common(schedule.command('explain'), 'say an expression in words')
    .addHelpText('after', ownExamples.explain)
    .action(async (text: string, options: ScheduleOptions) => ended(await explain(text, options)));
}

function common(command: Command, summary: string): Command {
  return (
    command
      .summary(summary)
      .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
      .argument('<expression>', 'cron-style or relative; or as --cron or --rrule say')
      .option('--zone <name>', "IANA time zone, such as Europe/Zurich (default: this machine's)")
      .option('--calendar <file>', 'a calendar (YAML), for business days and holidays (b, h)')
      // Neither notation speaks of business: a calendar would be read in vain.
      .addOption(new Option('--cron', 'the expression is ordinary crontab').conflicts(['rrule', 'calendar']))
      .addOption(new Option('--rrule', 'the expression is a recurrence rule of iCalendar').conflicts('calendar'))
      .option('--json', 'print JSON')
  );
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 100_000) throw new InvalidArgumentError('Accepted is 1 to 100000.');
  return count;
}

async function list(way: 'next' | 'previous', text: string, options: ScheduleOptions): Promise<number> {
  const { scheduleOf, firingsOf } = await import('./schedule-firings.js');
  const { schedule, zone, fromMs } = await scheduleOf(text, options);
  const { instants, unmet } = firingsOf(schedule, zone, { way, fromMs, count: options.count });
  if (options.json === true) print(JSON.stringify({ zone: zone.name, firings: instants, ended: unmet }));
  else for (const instant of instants) print(instant);
  if (unmet === null) return exitCodes.done;
  if (options.json !== true) say(unmet.message);
  if (unmet.kind !== 'unsatisfiable') return exitCodes.refused;
  return instants.length === 0 ? exitCodes.failed : exitCodes.done;
}

async function explain(text: string, options: ScheduleOptions): Promise<number> {
  const { wordsOf } = await import('./schedule-firings.js');
  const { notation, words } = await wordsOf(text, options);
  print(options.json === true ? JSON.stringify({ notation, words }) : words);
  return exitCodes.done;
}
