// millrace audit: the events of a data folder that no engine holds, or of a server, filtered; or any SQL query over a
// folder's views.

import type { Command } from 'commander';
import { type Ended, exitCodes, Refusal } from './exit.js';
import { figure, print, printable, printSlowly, say, table } from './output.js';
import { addPlaceOptions, folderOnly, type Place, type PlaceAuditFilter, serverOnly, withPlace } from './place.js';
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
  millrace audit --url http://127.0.0.1:7433 --follow  as it happens on a running server (or set MILLRACE_URL)
  millrace audit --url URL --limit 20 --follow --json  the last 20, and what follows, over restarts of the server

Views for --sql: millrace_audit_event; millrace_history, the instances that have left; millrace_instances, those that
live; millrace_contexts, their flow contexts. Their columns:
  millrace audit --json --sql "select * from millrace_instances limit 1"

A folder must not be held by a running engine: ask its server.`;

interface AuditOptions {
  readonly follow?: true;
  readonly instance?: string;
  readonly workflow?: string;
  readonly event?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly json?: true;
  readonly sql?: string;
}

export function addAudit(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('audit'))
    .summary('show what happened')
    .description('Show audit events, in order of time, or the answer of an SQL query.')
    .option('--instance <id>', 'only this instance: its id, WORKFLOW/ID or given name')
    .option('--workflow <name|branch/>', 'only this workflow, or all below a branch')
    .option('--event <name>', 'only this event: its dotted, short or console name, or one of your own')
    .option('--since <iso>', 'only from this time on, such as 2030-01-31 or 2030-01-31T08:00:00Z')
    .option('--limit <number>', `the last so many (default: ${shownByDefault}, with --json all)`, wholeNumber)
    .option(
      '-f, --follow',
      'go on with what happens, until interrupted; from now on, unless --limit or --since say more',
    )
    .option('--json', 'one JSON object a line, with all data')
    .option('--sql <query>', 'a SELECT over the views instead; the other filters do not apply')
    .addHelpText('after', examples)
    .action(async (options: AuditOptions, command: Command) =>
      ended(options.sql === undefined ? await showEvents(options, command) : await showRows(options, command)),
    );
}

async function showEvents(options: AuditOptions, command: Command): Promise<number> {
  const { eventByName } = await import('../workflow/events.js');
  const sinceMs = options.since === undefined ? undefined : timeOf(options.since);
  const event = options.event === undefined ? undefined : (eventByName(options.event)?.name ?? options.event);
  const filter = {
    ...(options.instance === undefined ? {} : { instance: options.instance }),
    ...(options.workflow === undefined ? {} : { workflow: options.workflow }),
    ...(event === undefined ? {} : { event }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
  if (options.follow === true) return follow(filter, options, command);
  return withPlace(command, async place => {
    const limit = options.limit ?? (options.json === true ? undefined : shownByDefault);
    const { count } = await showPages(place, filter, limit, options.json === true);
    if (count === 0) await sayNothingFound(options.event, event);
    else if (count === limit) say(`the last ${figure(count)} events; --limit NUMBER shows more, --json all`);
    return exitCodes.done;
  });
}

/** @returns how many, and the cursor behind them */
async function showPages(
  place: Place,
  filter: PlaceAuditFilter,
  limit: number | undefined,
  asJson: boolean,
): Promise<{ readonly count: number; readonly cursor: string | null }> {
  const { auditEvents } = await import('./audit-pages.js');
  const events = auditEvents(place, { ...filter, ...(limit === undefined ? {} : { limit }) });
  let count = 0;
  let rows: string[][] = [];
  for (;;) {
    const next = await events.next();
    if (next.done === true) {
      if (rows.length > 0) print(table(eventHeader, rows));
      return { count, cursor: next.value };
    }
    count += 1;
    if (asJson) {
      await printSlowly(JSON.stringify(next.value));
      continue;
    }
    rows.push(eventRow(next.value));
    if (rows.length < tableRows) continue;
    await printSlowly(table(eventHeader, rows));
    rows = [];
  }
}

/** Ends with the process, or when the server refuses. */
async function follow(filter: PlaceAuditFilter, options: AuditOptions, command: Command): Promise<number> {
  const { limit, since, json } = options;
  const url = serverOnly(command, '--follow');
  const { followServer, withServer } = await import('./server-place.js');
  const after = await withServer(url, '', async place => {
    // `--limit 0` shows nothing of what was.
    const isFromNow = limit === 0 || (limit === undefined && since === undefined);
    if (isFromNow) return (await place.auditPage({}, null, 'newest', 1)).next;
    return (await showPages(place, filter, limit, json === true)).cursor!;
  });
  say(`following ${url}; Ctrl-C ends it`);
  for await (const event of followServer(url, filter, after)) {
    await printSlowly(json === true ? JSON.stringify(event) : eventLine(event));
  }
  return exitCodes.done;
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

const lineWidths = [24, 28, 20, 36, 12, 1, 0];

/** One event as a line of its own: how wide the others will be is not known. */
function eventLine(record: Parameters<typeof eventRow>[0]): string {
  return eventRow(record)
    .map((cell, column) => cell.padEnd(lineWidths[column]!))
    .join('  ')
    .trimEnd();
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
async function showRows({ sql, json }: AuditOptions, command: Command): Promise<number> {
  const query = sql!.trim().replace(/(;\s*)+$/, '');
  if (query === '') throw new Refusal(['--sql: the query is empty']);
  const { withFolder } = await import('./open-folder.js');
  const rows = await withFolder(folderOnly(command, '--sql'), async engine => {
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
