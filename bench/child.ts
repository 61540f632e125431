// One contestant's round in a process of its own: prepare, run, check, report to the parent, close.
//
// Started by race.ts with fork; the job comes as JSON in argv, the answer goes back as messages.

import type { Contestant, Outcome, RedisFsync, Setting } from './contestant.js';
import { loadContestant } from './contestants/index.js';
import { loadActions, loadFilms } from './records.js';
import { scenarioNamed } from './scenarios/index.js';
import { expectedActions, expectedChecksum } from './workload.js';

export interface ChildJob {
  readonly contestant: string;
  readonly scenario: string;
  readonly size: number;
  readonly isToy: boolean;
  readonly folder: string;
  readonly redisFsync: RedisFsync;
}

export type FromChild =
  | { readonly kind: 'prepared'; readonly settings: string }
  | { readonly kind: 'progress'; readonly completed: number }
  /** `cpuMicros`: user and system time of this process, all threads, while `run` ran. */
  | { readonly kind: 'done'; readonly outcome: Outcome; readonly cpuMicros: number }
  | { readonly kind: 'failed'; readonly message: string };

const job = JSON.parse(process.argv[2] ?? '{}') as ChildJob;
let exitCode = 0;
process.once('disconnect', () => process.exit(1)); // the race has ended before its round, and nobody waits for it
const contestant = await loadContestant(job.contestant);
try {
  await race(contestant);
} catch (error) {
  exitCode = 1;
  await send({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
} finally {
  await contestant.close().catch(error => console.error(`${contestant.name} did not close:`, error));
}
process.disconnect?.();
process.exit(exitCode); // a peer's timers must not keep the race waiting

async function race(contestant: Contestant): Promise<void> {
  const setting: Setting = {
    scenario: scenarioNamed(job.scenario),
    size: job.size,
    isToy: job.isToy,
    folder: job.folder,
    redisFsync: job.redisFsync,
    onProgress: completed => void send({ kind: 'progress', completed }),
  };
  await send({ kind: 'prepared', settings: await contestant.prepare(setting) });
  const before = process.cpuUsage();
  const outcome = await contestant.run(setting);
  const { user, system } = process.cpuUsage(before);
  await check(setting, outcome);
  await send({ kind: 'done', outcome, cpuMicros: outcome.cpuMicros ?? user + system });
}

/** B3: a round in which something was lost, or was run twice, has no figures. */
async function check({ scenario, size }: Setting, outcome: Outcome): Promise<void> {
  if (scenario.arrival === 'submit' && outcome.completed !== size) {
    throw new Error(`wrong work: ${size} instances were submitted, ${outcome.completed} are stored`);
  }
  if (scenario.arrival !== 'stream' && scenario.arrival !== 'one-at-a-time') return;
  const { score } = await loadActions();
  const expected = {
    completed: size,
    checksum: expectedChecksum(loadFilms(), score, size),
    actions: outcome.actions === null ? null : expectedActions(scenario, size),
  };
  const found = { completed: outcome.completed, checksum: outcome.checksum, actions: outcome.actions };
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new Error(`wrong work: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

function send(message: FromChild): Promise<void> {
  return new Promise(resolve => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
