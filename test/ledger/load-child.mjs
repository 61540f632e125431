// The program under test in the kill tests: an engine under load, to be killed by the nemesis at any moment.
//
//   node load-child.mjs <folder>
//
// In <folder>: data/ (the engine's), ledger.jsonl (by the actions), submits.jsonl (by this program), and after the last
// run history.jsonl and audit.jsonl. Every run submits batches until it is killed. The last run (NEMESIS_LAST=1) submits
// one batch more, waits until nothing is open, exports, stops the engine and exits with code 0.
//
// Environment: LOAD_BATCH instances a batch (20), LOAD_EVERY_MS between batches (20), LOAD_MAX instances a run (1,000),
// LOAD_SETTLE_MS for the last run to come to its end (60,000). One instance of LOAD_LONG_EVERY (80) has an action of
// LOAD_LONG_MS (400). LOAD_EXPORT=0: the last run exports nothing. For one of several engines that share the work:
// LOAD_NAME, LOAD_REDIS, LOAD_CLUSTER, LOAD_POSTGRES (else the folder is shared), LOAD_LEASE_MS. LOAD_TELL=1: what the
// engine logs of itself is printed (`says ...`) instead of written into files.
//
// SIGTERM ends a run: what has begun is carried out, exit code 0.
//
// Only the adapter below knows the engine's API.

import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../dist/src/engine/index.js';
import { loggersTo } from '../../dist/src/observe/loggers.js';
import { recordAcked, recordSent } from '../fixtures/ledger/append.mjs';
import { auditRows, historyRows, openCount } from '../fixtures/ledger/exported.mjs';
import { definitions } from '../fixtures/ledger/workflows.mjs';

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);

// ---- adapter -------------------------------------------------------------------------------------------------------

const baseFolder = join(dirname(fileURLToPath(import.meta.url)), '../fixtures/ledger');

async function openEngine(dataFolder) {
  const cacheBytes = Number(process.env.NEMESIS_RUN ?? 0) % 2 === 0 ? 64 * 1_024 * 1_024 : 10_000;
  const { LOAD_NAME: name, LOAD_POSTGRES: postgres = null, LOAD_REDIS: redis = null, LOAD_CLUSTER: cluster } = process.env;
  const engine = await createEngine({
    dataFolder,
    cacheBytes,
    threads: 2,
    postgres,
    redis,
    ...(name === undefined ? {} : { name }),
    ...(cluster === undefined ? {} : { cluster }),
    leaseMs: number('LOAD_LEASE_MS', 30_000),
    ...(process.env.LOAD_TELL === '1' ? { loggers: loggersTo(tell) } : {}),
  });
  for (const definition of definitions) await engine.deploy(definition, baseFolder);
  await engine.start();
  return engine;
}

function tell({ logger, message }) {
  if (logger === 'system') console.log(`says ${message}`);
}

/** Ids in the order of the records. */
const submit = (engine, records) => engine.submit(records);

const stop = engine => engine.dispose();

// ---- the load ------------------------------------------------------------------------------------------------------

const batchSize = number('LOAD_BATCH', 20);
const everyMs = number('LOAD_EVERY_MS', 20);
const instanceMax = number('LOAD_MAX', 500);
const settleMs = number('LOAD_SETTLE_MS', 60_000);
const longEvery = number('LOAD_LONG_EVERY', 80);
const longMs = number('LOAD_LONG_MS', 400);

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node load-child.mjs <folder>');
const ledger = join(folder, 'ledger.jsonl');
const submits = join(folder, 'submits.jsonl');
const isLast = process.env.NEMESIS_LAST === '1';
let batches = 0;

async function submitBatch(engine) {
  batches += 1;
  const batch = `${process.pid}-${batches}`;
  // Mostly `line`; every seventh `flaky`, every fiftieth `doomed`. Every eightieth (`line`) sleeps so long that it reports itself.
  const records = Array.from({ length: batchSize }, (_, i) => {
    const n = batches * batchSize + i;
    const definition = definitions[n % 50 === 0 ? 2 : n % 7 === 0 ? 1 : 0];
    return { workflow: definition.name, input: { ledger, n, sleepMs: n % longEvery === longEvery - 1 ? longMs : n % 30 } };
  });
  recordSent(submits, { batch, workflows: records.map(record => record.workflow) });
  try {
    recordAcked(submits, { batch, ids: await submit(engine, records) });
  } catch (error) {
    // Nobody knows: the log says that it was sent, and the checker takes either.
    if (error.code !== 'STORE_UNAVAILABLE') throw error;
    console.log(`unanswered ${batch}`);
  }
}

async function settle(engine) {
  const deadlineMs = performance.now() + settleMs;
  for (;;) {
    const open = await openCount(engine);
    if (open === 0) return;
    // Not a failure of this program: what is still open is exported as open, and the checker says which.
    if (performance.now() > deadlineMs) return void console.log(`unsettled ${open}`);
    console.log(`open ${open}`);
    await sleep(200);
  }
}

async function write(file, rows) {
  const stream = createWriteStream(file);
  for await (const row of rows) {
    if (!stream.write(`${JSON.stringify(row)}\n`)) await new Promise(resolve => stream.once('drain', resolve));
  }
  await new Promise(resolve => stream.end(resolve));
}

console.log(`starting ${process.pid}`);
const engine = await openEngine(join(folder, 'data'));
console.log('ready');
const submitted = () => batches * batchSize;
if (isLast) {
  await submitBatch(engine);
  await settle(engine);
  if (process.env.LOAD_EXPORT !== '0') {
    await write(join(folder, 'history.jsonl'), historyRows(engine));
    await write(join(folder, 'audit.jsonl'), auditRows(engine));
    console.log('exported');
  }
  await stop(engine);
} else {
  let isOver = false;
  process.once('SIGTERM', () => {
    isOver = true;
  });
  while (!isOver) {
    if (submitted() < instanceMax) await submitBatch(engine);
    await sleep(everyMs); // until the nemesis comes
  }
  await stop(engine);
}
