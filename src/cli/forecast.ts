// millrace forecast: what timers will fire.

import type { Command } from 'commander';
import { type Ended, exitCodes, Refusal } from './exit.js';
import { print, printable, say, table } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

const dayMs = 86_400_000;

const examples = `
Examples:
  millrace forecast                              the next seven days
  millrace forecast /books/ --from 2031-01-01T00:00:00Z --to 2032-01-01T00:00:00Z
  millrace forecast /books/close --json          {"firings":[{"atMs","workflow","instance","action"}],"isCut"}

Told are timers of living instances, by their schedule, and of stored workflows that begin with one, as if these were
submitted at --from. A timer fires when a flow stands at it; what is overdue at --from is not listed.`;

interface ForecastOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

export function addForecast(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('forecast'))
    .summary('what timers will fire')
    .description('What the timers of living instances and of stored workflows will fire, the first 10,000.')
    .argument('[scope]', 'a workflow, or a branch with a trailing /', '/')
    .option('--from <instant>', 'such as 2031-01-01T00:00:00Z (default: now)')
    .option('--to <instant>', 'default: seven days after --from')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (scope: string, options: ForecastOptions, command: Command) =>
      ended(await forecast(scope, options, command)),
    );
}

async function forecast(scope: string, { from, to, json }: ForecastOptions, command: Command): Promise<number> {
  const { systemClock } = await import('../observe/clock.js');
  const fromMs = await instantOf('--from', from, systemClock.nowMs());
  const toMs = await instantOf('--to', to, fromMs + 7 * dayMs);
  if (toMs < fromMs) throw new Refusal(['--to: is before --from']);
  const found = await withPlace(command, place => place.forecast({ scope, fromMs, toMs }));
  if (json === true) {
    print(JSON.stringify(found));
    return exitCodes.done;
  }
  const rows = found.firings.map(({ atMs, workflow, instance, action }) => [
    new Date(atMs).toISOString(),
    printable(workflow),
    printable(action),
    instance ?? '(if submitted)',
  ]);
  if (rows.length > 0) print(table(['at', 'workflow', 'timer', 'instance'], rows));
  else say('no firings');
  if (found.isCut) say('there are more: ask for a shorter time, or for one workflow');
  return exitCodes.done;
}

async function instantOf(option: string, text: string | undefined, defaultMs: number): Promise<number> {
  if (text === undefined) return defaultMs;
  const { instantForm, parseInstant } = await import('../time/instant.js');
  const atMs = parseInstant(text);
  if (atMs === null) throw new Refusal([`${option} ${printable(text, 60)}: accepted is ${instantForm}`]);
  return atMs;
}
