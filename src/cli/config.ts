// millrace config show, set, unset: the runtime configuration of a data folder that no engine holds, or of a server.

import type { Command } from 'commander';
import type { ShownProperty } from '../config/shown.js';
import type { SettingResult, ShownThrottle } from '../engine/configuration/configuration.js';
import type { Json } from '../workflow/model.js';
import { type Ended, exitCodes, Refusal } from './exit.js';
import { print, printable, say, table } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';
import { runtimeConfigOption } from './runtime-config-option.js';

const examples = `
Examples:
  millrace config                                   what each branch says, and who says it
  millrace config show /imports/nightly             what holds for the workflows of a branch
  millrace config show /imports PRIORITY --json     {"version","properties":[{"property","value","source",...}]}
  millrace config set /imports PRIORITY 5           over what the file says, for what waits already too
  millrace config set /imports CONCURRENCY_THROTTLE 3
  millrace config set /imports FTP_HOST a.example.com
  millrace config set / LIMITS '{"rows": 500}' --dry-run
  millrace config unset /imports PRIORITY           what the file says, or a branch above, holds again
  millrace config show --url http://127.0.0.1:7433  of a running server (or set MILLRACE_URL)

A value is JSON, or else text as it stands ('"5"' is the text 5). Paths in it are absolute. What is set is kept in the
store with who set it and when; all engines that share the store have it. A folder must not be held by a running engine:
ask its server. Of a folder alone the file is not known: name it with --runtime-config.`;

interface ConfigOptions {
  readonly json?: true;
  readonly dryRun?: true;
  readonly runtimeConfig?: string;
  readonly url?: string;
}

type Run = (args: readonly (string | undefined)[], options: ConfigOptions, command: Command) => Promise<number>;

const valueShownMax = 60;

export function addConfig(program: Command, ended: Ended): void {
  const config = program
    .command('config')
    .summary('the runtime configuration: what holds, and what is set')
    .description('Show, set and take away properties of branches while engines run.')
    .addHelpText('after', examples);
  const add = (name: string, summary: string, run: Run): Command =>
    addPlaceOptions(config.command(name, { isDefault: name === 'show' }))
      .summary(summary)
      .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
      .addOption(runtimeConfigOption('of a data folder: the file that its engines have'))
      .option('--json', 'print JSON')
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        ended(await run(command.processedArgs as (string | undefined)[], command.opts<ConfigOptions>(), command));
      });
  add('show', 'what each branch says, or what holds for one, and who says it', show)
    .argument('[branch]', 'a branch; its trailing / may be left out')
    .argument('[property]', 'one property, in any case');
  const changing = (command: Command): Command =>
    command
      .argument('<branch>', 'a branch; its trailing / may be left out')
      .argument(
        '<property>',
        'PRIORITY, CONCURRENCY_THROTTLE, another property with a meaning (see README), or a variable; in any case',
      )
      .option('--dry-run', 'tell what would hold, and change nothing');
  changing(add('set', 'set a property of a branch, over what the file says', set)).argument('<value>', 'JSON, or text');
  changing(add('unset', 'take away what was set', unset));
}

async function show(args: readonly (string | undefined)[], options: ConfigOptions, command: Command): Promise<number> {
  const [branch, property] = args;
  const query = { ...(branch === undefined ? {} : { branch }), ...(property === undefined ? {} : { property }) };
  const { shown, isRunning } = await withPlace(command, async place => ({
    shown: await place.configuration(query),
    isRunning: place.isRunning,
  }));
  if (options.json === true) {
    print(JSON.stringify(shown));
    return exitCodes.done;
  }
  const rows = shown.properties.map(each => [
    printable(each.branch ?? ''),
    printable(each.property),
    shownValue(each.value),
    sourceOf(each),
  ]);
  if (rows.length > 0) print(table(['branch', 'property', 'value', 'from'], rows));
  else say('nothing is set');
  const { holdTogether } = await import('../config/shown.js');
  const isOfThrottles = property === undefined || shown.properties.some(each => holdTogether.has(each.property));
  for (const line of (isRunning && isOfThrottles ? shown.throttles : null)?.map(throttled) ?? []) say(line);
  if (!isRunning && options.runtimeConfig === undefined) say('a file, if there is one: --runtime-config FILE');
  return exitCodes.done;
}

async function set(args: readonly (string | undefined)[], options: ConfigOptions, command: Command): Promise<number> {
  const [branch, property, text] = args as readonly string[];
  const setting = { branch: branch!, property: property!, value: jsonOf(text!) };
  const absent = options.dryRun === true ? 'refuse' : 'make-store';
  const result = await withPlace(command, place => place.setProperty(setting, dryRunOf(options)), absent);
  const code = told(result, options);
  const { meantBy } = await import('../config/known-properties.js');
  const meant = meantBy(result.property);
  // A bound that was taken for a variable bounds nothing.
  if (meant !== null) say(`(${result.property} is a variable; did you mean ${meant}?)`);
  return code;
}

async function unset(args: readonly (string | undefined)[], options: ConfigOptions, command: Command): Promise<number> {
  const [branch, property] = args as readonly string[];
  const name = { branch: branch!, property: property! };
  return told(await withPlace(command, place => place.unsetProperty(name, dryRunOf(options))), options);
}

function told({ branch, property, before, now, ...rest }: SettingResult, { json, dryRun }: ConfigOptions): number {
  if (json === true) {
    print(JSON.stringify({ branch, property, ...rest, before, now }));
    return exitCodes.done;
  }
  const words = (of: ShownProperty | null): string =>
    of === null ? 'not set' : `${shownValue(of.value)} (${sourceOf(of)})`;
  print(
    `${dryRun === true ? 'would be ' : ''}${printable(branch + property)}: ${words(now)}, before: ${words(before)}`,
  );
  return exitCodes.done;
}

function throttled({ branch, running, runningBy }: ShownThrottle): string {
  const by = Object.entries(runningBy).map(([engine, count]) => `${count} by ${printable(engine)}`);
  return `${printable(branch)}: ${running} running${by.length > 1 ? ` (${by.join(', ')})` : ''}`;
}

function sourceOf({ source, branch, by, atMs, file, line, covered }: ShownProperty): string {
  switch (source) {
    case 'default':
      return 'default';
    case 'file':
      return `${branch} in ${printable(file!)}:${line}`;
    case 'operation': {
      const over =
        covered === null ? '' : `, over ${shownValue(covered.value)} in ${printable(covered.file)}:${covered.line}`;
      return `${branch} by ${printable(by!)}, ${new Date(atMs!).toISOString()}${over}`;
    }
  }
}

function shownValue(value: Json): string {
  return printable(JSON.stringify(value), valueShownMax);
}

function dryRunOf({ dryRun }: ConfigOptions): { readonly dryRun?: true } {
  return dryRun === true ? { dryRun } : {};
}

/** JSON, or else text; what looks like JSON and is none is refused: it would be a text by accident. */
function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (/^\s*["[{]/.test(text)) throw new Refusal([`value: is not JSON: ${(error as Error).message} (INPUT_INVALID)`]);
    return text;
  }
}
