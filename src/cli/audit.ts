// millrace audit: the events of a data folder that no engine holds, filtered, or any SQL query over its views.

import type { Command } from 'commander';
import { dataOption } from './data-option.js';
import { type Ended, exitCodes, Refusal } from './exit.js';
import { figure, print, printable, printSlowly, say, table } from './output.js';
import { wholeNumber } from './run.js';

const shownByDefault = 100;
/** Rows of a table that are aligned together. */
const tableRows = 1_000;

const examples = `
Examples:
  millrace audit                                       the last ${shownByDefault} events
  millrace audit --instance ID                         the life of one instance
  millrace audit --workflow /flights/ --since 2030-01-31T08:00:00Z --limit 1000
  millrace audit --event ExitingActionOnError --json   with all their data, one JSON object a line
  millrace audit --json > audit.ndjson                 everything, in pages
  millrace audit --sql "select short_name, count(*) from millrace_audit_event group by 1"
  millrace audit --sql "select * from millrace_history where state = 'finished' limit 5" --json

Views for --sql: millrace_audit_event; millrace_history, the instances that have left; millrace_instances, those that
live. Their columns: millrace audit --json --sql "select * from millrace_instances limit 1"

The folder must not be held by a running engine.`;

interface AuditOptions {
  readonly data: string;
  readonly instance?: string;
  readonly workflow?: string;
  readonly event?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly json?: true;
  readonly sql?: string;
}

export function addAudit(program: Command, ended: Ended): void {
  program
    .command('audit')
    .summary('show what happened')
    .description('Show audit events, in order of time, or the answer of an SQL query.')
    .addOption(dataOption('folder of the store'))
    .option('--instance <id>', 'only this instance: its id, WORKFLOW/ID or given name')
    .option('--workflow <name|branch/>', 'only this workflow, or all below a branch')
    .option('--event <name>', 'only this event: its dotted, short or console name, or one of your own')
    .option('--since <iso>', 'only from this time on, such as 2030-01-31 or 2030-01-31T08:00:00Z')
    .option('--limit <number>', `the last so many (default: ${shownByDefault}, with --json all)`, wholeNumber)
    .option('--json', 'one JSON object a line, with all data')
    .option('--sql <query>', 'a SELECT over the views instead; the other filters do not apply')
    .addHelpText('after', examples)
    .action(async (options: AuditOptions) =>
      ended(options.sql === undefined ? await showEvents(options) : await showRows(options)),
    );
}

async function showEvents(options: AuditOptions): Promise<number> {
  const { withFolder } = await import('./open-folder.js');
  const { auditEvents } = await import('./audit-pages.js');
  const { eventByName } = await import('../workflow/events.js');
  const sinceMs = options.since === undefined ? undefined : timeOf(options.since);
  const event = options.event === undefined ? undefined : (eventByName(options.event)?.name ?? options.event);
  const limit = options.limit ?? (options.json === true ? undefined : shownByDefault);
  return withFolder(options.data, async engine => {
    const instance = options.instance === undefined ? undefined : (await engine.show(options.instance)).instance;
    const filter = {
      ...(instance === undefined ? {} : { instance }),
      ...(options.workflow === undefined ? {} : { workflow: options.workflow }),
      ...(event === undefined ? {} : { event }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(limit === undefined ? {} : { limit }),
    };
    let count = 0;
    let rows: string[][] = [];
    for await (const record of auditEvents(engine, filter)) {
      count += 1;
      if (options.json === true) {
        await printSlowly(JSON.stringify(record));
        continue;
      }
      rows.push(eventRow(record));
      if (rows.length < tableRows) continue;
      await printSlowly(table(eventHeader, rows));
      rows = [];
    }
    if (rows.length > 0) print(table(eventHeader, rows));
    if (count === 0) await sayNothingFound(options.event, event);
    else if (count === limit) say(`the last ${figure(count)} events; --limit NUMBER shows more, --json all`);
    return exitCodes.done;
  });
}

export const eventHeader = ['time', 'event', 'workflow', 'instance', 'action', 'attempt', 'message'];

/** One event as a row of a table. */
export function eventRow(record: {
  readonly at: string;
  readonly shortName: string;
  readonly workflow: string | null;
  readonly instance: string | null;
  readonly action: string | null;
  readonly attempt: number;
  readonly message: string | null;
}): string[] {
  const { at, shortName, workflow, instance, action, attempt, message } = record;
  return [
    at,
    printable(shortName, 60),
    printable(workflow ?? '', 60),
    instance ?? '',
    printable(action ?? '', 40),
    instance === null ? '' : String(attempt),
    printable(message ?? '', 200),
  ];
}

async function sayNothingFound(asked: string | undefined, resolved: string | undefined): Promise<void> {
  say('no event found');
  if (asked === undefined || resolved !== asked) return;
  const { auditEvents } = await import('../workflow/events.js');
  const { nearest } = await import('../workflow/fault.js');
  const near = nearest(
    asked,
    auditEvents.map(({ shortName }) => shortName),
  );
  if (near !== null && near !== asked) say(`(did you mean --event ${near}?)`);
}

/** Names come with the rows when PostgreSQL makes JSON of them; standing below another SELECT a query cannot write. */
async function showRows({ data, sql, json }: AuditOptions): Promise<number> {
  const query = sql!.trim().replace(/(;\s*)+$/, '');
  if (query === '') throw new Refusal(['--sql: the query is empty']);
  const { withFolder } = await import('./open-folder.js');
  const rows = await withFolder(data, async engine => {
    try {
      return await engine.query(`select row_to_json(answer)::text from (\n${query}\n) answer`);
    } catch (error) {
      if (error instanceof Error && error.name === 'SqlError') throw new Refusal([`--sql: ${error.message}`]);
      throw error;
    }
  });
  if (json === true) for (const [row] of rows) await printSlowly(row!);
  else {
    const records = rows.map(([row]) => JSON.parse(row!) as Record<string, unknown>);
    if (records.length > 0) {
      const header = Object.keys(records[0]!);
      print(
        table(
          header,
          records.map(record => header.map(name => cell(record[name]))),
        ),
      );
    }
    say(`${figure(rows.length)} row${rows.length === 1 ? '' : 's'}`);
  }
  return exitCodes.done;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return printable(typeof value === 'string' ? value : JSON.stringify(value), 200);
}

function timeOf(text: string): number {
  const timeMs = /^\d{4}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new Refusal([`--since ${text}: must be a time such as 2030-01-31T08:00:00Z`]);
  return timeMs;
}
