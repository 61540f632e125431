// The command line of the benchmark suite: `npm run bench -- SCENARIO [options]`.

import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { RedisFsync } from './contestant.js';
import { contestantNames, loadContestant, subjectName } from './contestants/index.js';
import { describeMachine } from './machine.js';
import { race } from './race.js';
import { alignColumns, formatTable, makeReport } from './report.js';
import { scenarioNamed, scenarios } from './scenarios/index.js';
import type { Scenario } from './scenarios/scenario.js';

interface Options {
  readonly peers?: string;
  readonly instances?: number;
  readonly rounds?: number;
  readonly json?: string;
  readonly peersOnly?: true;
  readonly toy?: true;
  readonly turns?: number;
  readonly redisFsync: RedisFsync;
}

const scenarioList = scenarios.map(each => `  ${each.name.padEnd(20)} ${each.sentence}`).join('\n');

const help = `
Scenarios:
${scenarioList}

Each contestant's round runs in a fresh process with a fresh store, in turn (A B C, A B C, ...).
A ratio is ours over theirs in the same round, median over the rounds: of instances a second, or of p50 (latency).

Examples:
  npm run bench -- end-to-end
  npm run bench -- latency --peers bullmq --redis-fsync always --rounds 5
  npm run bench -- mixed --peers none --instances 20000 --json mixed.json

bench/README.md says what is measured and what is not.`;

const command = new Command()
  .name('npm run bench --')
  .description('Benchmarks of Millrace, beside its peers on the same machine')
  .argument('<scenario>', 'one of the list below')
  .option(
    '--peers <list>',
    'bullmq, graphile-worker, pg-boss, fastify, or none; default: those the scenario makes sense for',
  )
  .option('--instances <n>', "instances a round; default: the scenario's own size", positive)
  .option('--rounds <n>', 'rounds; default 3, and 1 where a round takes minutes', positive)
  .option('--json <file>', 'write the figures there as JSON')
  .option('--peers-only', 'run the peers without Millrace; ratios are null')
  .option('--toy', 'the small sizes of the test suite; the figures mean nothing')
  .option('--turns <n>', 'flows: turns of the loop of one instance; default 20,000', positive)
  .addOption(
    new Option('--redis-fsync <when>', "fsync of BullMQ's Redis; always: each commit, as ours")
      .choices(['everysec', 'always'])
      .default('everysec'),
  )
  .addHelpText('after', help)
  .action(run);

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function run(scenarioName: string, options: Options): Promise<void> {
  const scenario = scenarioNamed(scenarioName);
  const write = (report: unknown) => {
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  };
  if (scenario.arrival === 'micro') write(await micro(scenario, options));
  else if (scenario.arrival === 'time') write(await time(scenario, options));
  else if (scenario.arrival === 'flows') write(await flows(scenario, options));
  else if (scenario.arrival === 'order') write(await order(scenario, options));
  else write(await compare(scenario, options));
}

async function compare(scenario: Scenario, options: Options): Promise<unknown> {
  const subject = options.peersOnly === true ? null : subjectName;
  if (subject !== null && !contestantNames.includes(subject)) {
    throw new Error(
      `there is no contestant "${subject}" yet: add bench/contestants/${subject}.ts, or use --peers-only`,
    );
  }
  const peers = await choosePeers(scenario, options.peers);
  if (subject === null && peers.length === 0) throw new Error(`${scenario.name} has no peers to run`);
  const result = await race({
    scenario,
    subject,
    peers,
    instances: options.instances ?? null,
    isToy: options.toy === true,
    rounds: options.rounds ?? (options.toy === true ? 1 : scenario.rounds),
    redisFsync: options.redisFsync,
    machine: describeMachine(),
    onProgress: line => process.stderr.write(`${line}\n`),
  });
  const report = makeReport(result);
  process.stdout.write(formatTable(result, report));
  return report;
}

/** The peers asked for, or the scenario's own. One that cannot take part is an error when it was asked for by name. */
async function choosePeers(scenario: Scenario, list: string | undefined): Promise<readonly string[]> {
  if (list === 'none') return [];
  const names = list === undefined ? scenario.peers : list.split(',').map(name => name.trim());
  for (const name of names) {
    const reason = (await loadContestant(name)).refuses(scenario);
    if (reason !== null) throw new Error(`${name} takes no part in ${scenario.name}: ${reason}`);
  }
  return names;
}

// Imported when asked for: these have the engine in this process, and a race needs it only in those of its rounds.

async function micro(scenario: Scenario, options: Options): Promise<unknown> {
  const { runMicro } = await import('./micro.js');
  const timeMs = options.instances ?? (options.toy === true ? scenario.toySize : scenario.size);
  const figures = await runMicro(timeMs);
  const machine = describeMachine();
  const header = ['part', 'ns a call', 'p99 ns', 'per second'];
  const rows = figures.map(each => [
    each.name,
    each.meanNs.toFixed(0),
    each.p99Ns.toFixed(0),
    Math.round(each.perSecond).toLocaleString('en-US'),
  ]);
  process.stdout.write(`micro, ${timeMs} ms a part, ${machine}\n${alignColumns([header, ...rows]).join('\n')}\n`);
  return { scenario: scenario.name, machine, subject: null, peers: [], rounds: 1, parts: figures };
}

async function time(scenario: Scenario, options: Options): Promise<unknown> {
  const { formatTime, runTime } = await import('./time.js');
  const isToy = options.toy === true;
  const timeMs = options.instances ?? (isToy ? scenario.toySize : scenario.size);
  const rounds = options.rounds ?? (isToy ? 1 : scenario.rounds);
  const figures = await runTime(timeMs, rounds, isToy);
  const machine = describeMachine();
  process.stdout.write(`time, ${rounds} rounds of ${timeMs} ms each, ${machine}\n${formatTime(figures)}\n`);
  return { scenario: scenario.name, machine, subject: null, peers: [], rounds, ...figures };
}

async function order(scenario: Scenario, options: Options): Promise<unknown> {
  const { formatOrder, runOrder } = await import('./order.js');
  const isToy = options.toy === true;
  const rounds = options.rounds ?? (isToy ? 1 : scenario.rounds);
  const parts = await runOrder(options.instances ?? (isToy ? scenario.toySize : scenario.size), rounds, isToy);
  const machine = describeMachine();
  process.stdout.write(`order, medians of ${rounds}, ${machine}\n${formatOrder(parts)}\n`);
  return { scenario: scenario.name, machine, subject: null, peers: [], rounds, parts };
}

async function flows(scenario: Scenario, options: Options): Promise<unknown> {
  const { formatFlows, runFlows } = await import('./flows.js');
  const isToy = options.toy === true;
  const machine = describeMachine();
  const rounds = options.rounds ?? (isToy ? 1 : scenario.rounds);
  const subject = options.peersOnly === true ? null : subjectName;
  const names = options.peers === 'none' ? [] : options.peers?.split(',').map(name => name.trim());
  const figures = await runFlows({
    subject,
    peers: names ?? null,
    instances: options.instances ?? null,
    turns: options.turns ?? (isToy ? scenario.toySize : scenario.size),
    isToy,
    rounds,
    redisFsync: options.redisFsync,
    machine,
    onProgress: line => process.stderr.write(`${line}\n`),
    onTable: table => process.stdout.write(`${table}\n`),
  });
  process.stdout.write(`flows, medians of ${rounds}, ${machine}\n${formatFlows(figures)}\n`);
  return { scenario: scenario.name, machine, subject, rounds, ...figures };
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('it must be a positive integer');
}
