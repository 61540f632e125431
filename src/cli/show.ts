// millrace show: everything about one instance, with its audit.

import type { Command } from 'commander';
import type { ContextRecord } from '../engine/reads/instances.js';
import { eventHeader, eventRow } from './audit.js';
import { type Ended, exitCodes } from './exit.js';
import { print, printable, say, table } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

const examples = `
Examples:
  millrace show 01a1ff5f-3d3d-7000-9259-b21893d90000
  millrace show /flights/score/01a1ff5f-3d3d-7000-9259-b21893d90000
  millrace show ID --json              one JSON object; "events" holds the audit with all data
  millrace show ID --url http://127.0.0.1:7433    from a running server (or set MILLRACE_URL)

A folder must not be held by a running engine: ask its server.`;

interface ShowOptions {
  readonly json?: true;
}

export function addShow(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('show'))
    .summary('show one instance with its audit')
    .description('Show where an instance stands or how it ended: input, result, last error, and every event.')
    .argument('<instance>', 'its id, WORKFLOW/ID or given name')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (instance: string, options: ShowOptions, command: Command) =>
      ended(await show(instance, options, command)),
    );
}

function contextTable(contexts: readonly ContextRecord[]): string {
  return table(
    ['context', 'state', 'super-state', 'sub-state', 'action', 'attempt'],
    contexts.map(({ context, state, superState, subState, action, attempt }) => [
      ...[String(context), state, superState, subState],
      ...[action, String(attempt)],
    ]),
  );
}

async function show(name: string, { json }: ShowOptions, command: Command): Promise<number> {
  const { auditEvents } = await import('./audit-pages.js');
  const { record, events, hint } = await withPlace(command, async place => {
    const record = await place.show(name);
    const events = [];
    for await (const event of auditEvents(place, { instance: record.instance })) events.push(event);
    return { record, events, hint: place.hint };
  });
  if (json === true) {
    print(JSON.stringify({ ...record, events }));
    return exitCodes.done;
  }
  for (const [field, value] of Object.entries(record)) {
    if (value === null || field === 'contexts' || field === 'deadline') continue;
    const isTime = field.endsWith('AtMs') && typeof value === 'number';
    const words = isTime ? new Date(value).toISOString() : typeof value === 'string' ? value : JSON.stringify(value);
    print(`${(isTime ? field.slice(0, -2) : field).padEnd(16)}${printable(words, 4_000)}`);
  }
  if (record.deadline !== null) {
    const { dueAtMs, isExceeded } = record.deadline;
    print(`${'deadline'.padEnd(16)}${new Date(dueAtMs).toISOString()}${isExceeded ? ', exceeded' : ''}`);
  }
  if (record.contexts !== null) print(`\n${contextTable(record.contexts)}`);
  // Workflow and instance are the same in every row: they stand above.
  const kept = [0, 1, 4, 5, 6];
  print(
    `\n${table(
      kept.map(column => eventHeader[column]!),
      events.map(event => kept.map(column => eventRow(event)[column]!)),
    )}`,
  );
  if (record.state === 'failed')
    say(`\ntry it again from the transaction that failed: millrace recover ${record.instance}${hint}`);
  return exitCodes.done;
}
