// millrace runs: the history of runs, what actions took, averages; and clearing it.

import type { Command } from 'commander';
import type { ExecutionRecord } from '../engine/runs/executions.js';
import type { RunAverage } from '../engine/runs/run-averages.js';
import type { RunRecord } from '../engine/runs/run-pages.js';
import type { RunState } from '../engine/runs/run-row-reads.js';
import { type Ended, exitCodes, Refusal } from './exit.js';
import { counted, figure, print, printable, say, table } from './output.js';
import { addPlaceOptions, type Place, withPlace } from './place.js';

const states: readonly RunState[] = ['open', 'ended', 'premature'];
const shownByDefault = 20;
const shownMax = 10_000;
const pageMax = 1_000;

const examples = `
Examples:
  millrace runs                        the last ${shownByDefault} runs of ./millrace-data, the newest first
  millrace runs /books/close --state premature
  millrace runs /books/ --averages     what runs and actions took on average
  millrace runs ID --actions           what the actions of an instance waited and took
  millrace runs /books/ --clear        tell no more of runs that are over
  millrace runs --json --limit 1000    [{"instance","workflow","state","startedAtMs","endedAtMs","runMs",...}]

A run goes from the action marked startOfRun to the one marked endOfRun; without marks it is the life of an instance. It
is premature when the instance left before that. The history, and averages of it, are kept as long as the audit, which
tells who cleared them. In an application: engine.reads.runPage('/books/', null, null, 100).`;

interface RunsOptions {
  readonly state?: string;
  readonly limit?: string;
  readonly averages?: true;
  readonly actions?: true;
  readonly clear?: true;
  readonly json?: true;
}

export function addRuns(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('runs'))
    .summary('the history of runs, and averages')
    .description('When runs started and ended, what they took, and what they take on average.')
    .argument('[scope]', 'a workflow, a branch with a trailing /, or an instance (its id)', '/')
    .option('--state <state>', `only runs that are ${states.join(', ')}`)
    .option('--limit <number>', `the last so many, up to ${figure(shownMax)} (default: ${shownByDefault})`)
    .option('--averages', 'what runs and actions took on average')
    .option('--actions', 'what the actions of an instance waited and took')
    .option('--clear', 'tell no more of runs of a workflow or a branch that are over')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (scope: string, options: RunsOptions, command: Command) =>
      ended(await runs(scope, options, command)),
    );
}

async function runs(scope: string, options: RunsOptions, command: Command): Promise<number> {
  const { averages, actions, clear, json = false, state } = options;
  if ([averages, actions, clear, state].filter(each => each !== undefined).length > 1) {
    throw new Refusal(['--averages, --actions, --clear, --state: choose one']);
  }
  if (state !== undefined && !states.includes(state as RunState)) {
    throw new Refusal([`--state ${printable(state, 60)}: is one of ${states.join(', ')}`]);
  }
  const limit = limitOf(options.limit);
  if (clear) return withPlace(command, place => clearRuns(place, scope, json));
  if (averages)
    return withPlace(command, async place =>
      show(await gathered(limit, (after, most) => place.averages(scope, after, most)), averageColumns, json),
    );
  if (actions)
    return withPlace(command, async place =>
      show(await gathered(limit, (after, most) => place.executions(scope, after, most)), executionColumns, json),
    );
  return withPlace(command, async place =>
    show(
      await gathered(limit, (after, most) => place.runs(scope, (state ?? null) as RunState | null, after, most)),
      runColumns,
      json,
    ),
  );
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return shownByDefault;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= shownMax) return limit;
  throw new Refusal([`--limit ${printable(text, 60)}: is a whole number from 1 to ${figure(shownMax)}`]);
}

async function clearRuns(place: Place, scope: string, json: boolean): Promise<number> {
  const told = await place.clearRuns(scope);
  print(json ? JSON.stringify({ scope, ...told }) : `cleared ${counted(told.runs, 'run')} of ${printable(scope)}`);
  return exitCodes.done;
}

interface Listed<Entry> {
  readonly entries: readonly Entry[];
  readonly isCut: boolean;
}

/** The first `limit` of a list that comes in pages, which may be short. */
async function gathered<Entry>(
  limit: number,
  pageOf: (
    after: string | null,
    most: number,
  ) => Promise<{ readonly entries: readonly Entry[]; readonly next: string | null }>,
): Promise<Listed<Entry>> {
  const found: Entry[] = [];
  for (let after: string | null = null; ; ) {
    const { entries, next } = await pageOf(after, Math.min(limit - found.length, pageMax));
    found.push(...entries);
    if (next === null || found.length >= limit) return { entries: found, isCut: next !== null };
    after = next;
  }
}

type Columns<Entry> = Readonly<Record<string, (entry: Entry) => string>>;

function show<Entry>({ entries, isCut }: Listed<Entry>, columns: Columns<Entry>, json: boolean): number {
  if (json) {
    print(JSON.stringify(entries));
    return exitCodes.done;
  }
  const cells = Object.values(columns);
  if (entries.length === 0) say('nothing in the history');
  else
    print(
      table(
        Object.keys(columns),
        entries.map(entry => cells.map(cell => cell(entry))),
      ),
    );
  if (isCut) say(`the first ${figure(entries.length)}; --limit NUMBER shows more`);
  return exitCodes.done;
}

const runColumns: Columns<RunRecord> = {
  started: ({ startedAtMs }) => new Date(startedAtMs).toISOString(),
  workflow: ({ workflow }) => printable(workflow),
  instance: ({ instance }) => instance,
  state: ({ state, deadline }) => (deadline?.isExceeded ? `${state}, late` : state),
  took: ({ runMs }) => duration(runMs),
  'on average': ({ averageMs }) => duration(averageMs),
};

const averageColumns: Columns<RunAverage> = {
  workflow: ({ workflow }) => printable(workflow),
  action: ({ action }) => (action === null ? '(run)' : printable(action)),
  count: ({ count }) => figure(count),
  premature: ({ action, premature }) => (action === null ? figure(premature) : ''),
  took: ({ averageMs }) => duration(averageMs),
  waited: ({ averageWaitMs }) => duration(averageWaitMs),
};

const executionColumns: Columns<ExecutionRecord> = {
  entered: ({ enteredAtMs }) => new Date(enteredAtMs).toISOString(),
  action: ({ action }) => printable(action),
  attempt: ({ attempt }) => figure(attempt),
  exit: ({ exit }) => exit,
  waited: ({ waitMs }) => duration(waitMs),
  took: ({ runMs }) => duration(runMs),
  'on average': ({ averageMs }) => duration(averageMs),
};

/** `850 ms`, `12.3 s`, `4 h 05 min`; empty: it goes on, or of none. */
export function duration(ms: number | null): string {
  if (ms === null || ms < 0) return '';
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${padded(Math.floor(ms / 1_000) % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${padded(minutes % 60)} min`;
  return `${figure(Math.floor(hours / 24))} d ${padded(hours % 24)} h`;
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
