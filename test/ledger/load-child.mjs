// The program under test in the kill tests: an engine under load, to be killed by the nemesis at any moment.
//
//   node load-child.mjs <folder>
//
// In <folder>: data/ (the engine's), ledger.jsonl (by the actions), submits.jsonl (by this program), and after the last
// run history.jsonl and audit.jsonl. Every run submits batches until it is killed. The last run (NEMESIS_LAST=1) submits
// one batch more, waits until nothing is open, exports, stops the engine and exits with code 0.
//
// Environment: LOAD_BATCH instances a batch (20), LOAD_EVERY_MS between batches (20), LOAD_MAX instances a run (1,000),
// LOAD_SETTLE_MS for the last run to come to its end (60,000).
//
// Only the adapter below knows the engine's API and its views.

import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../dist/src/engine/index.js';
import { recordAcked, recordSent } from '../fixtures/ledger/append.mjs';
import { definitions } from '../fixtures/ledger/workflows.mjs';

// ---- adapter -------------------------------------------------------------------------------------------------------

const baseFolder = join(dirname(fileURLToPath(import.meta.url)), '../fixtures/ledger');

async function openEngine(dataFolder) {
  const cacheBytes = Number(process.env.NEMESIS_RUN ?? 0) % 2 === 0 ? 64 * 1_024 * 1_024 : 10_000;
  const engine = await createEngine({ dataFolder, cacheBytes, threads: 2 });
  for (const definition of definitions) await engine.deploy(definition, baseFolder);
  await engine.start();
  return engine;
}

/** Ids in the order of the records. */
const submit = (engine, records) => engine.submit(records);

const stop = engine => engine.dispose();

/** Rows of values as text. */
const query = (engine, text, parameters = []) => engine.query(text, parameters);

async function openCount(engine) {
  const [[count]] = await query(engine, `select count(*) from millrace_instances where state <> 'failed'`);
  return Number(count);
}

/** Everything that lives and everything that has left, one object an appearance. */
async function* historyRows(engine) {
  const living = `select instance, workflow, state from millrace_instances`;
  for (const [instance, workflow, state] of await query(engine, living)) {
    yield { instance, workflow, state: state === 'failed' ? 'failed' : 'open' };
  }
  const left = `select instance, workflow, state, result -> 'trail' from millrace_history`;
  for (const [instance, workflow, state, trail] of await query(engine, left)) {
    yield { instance, workflow, state, ...(trail === null ? {} : { trail: JSON.parse(trail) }) };
  }
}

/** Audit events of instances, in the order of each instance. Two rows of one place get one `seq`: a fault, if so. */
async function* auditRows(engine) {
  const pageRows = 200;
  const text = `select instance, short_name, action, at_ms, attempt, seq, group_no, step
    from millrace_audit_event where instance is not null and seq > $1::bigint and seq <= $2::bigint order by seq, group_no, step`;
  const [[last]] = await query(engine, 'select coalesce(max(seq), 0) from millrace_audit');
  const places = new Map();
  for (let from = 0; from < Number(last); from += pageRows) {
    for (const row of await query(engine, text, [`${from}`, `${from + pageRows}`])) {
      const [instance, event, action, atMs, attempt, ...place] = row;
      const before = places.get(instance) ?? { seq: 0, place: '' };
      const here = place.join(' ');
      const seq = here === before.place ? before.seq : before.seq + 1;
      places.set(instance, { seq, place: here });
      yield { instance, event, action, atMs: Number(atMs), attempt: attempt === null ? null : Number(attempt), seq };
    }
  }
}

// ---- the load ------------------------------------------------------------------------------------------------------

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const batchSize = number('LOAD_BATCH', 20);
const everyMs = number('LOAD_EVERY_MS', 20);
const instanceMax = number('LOAD_MAX', 500);
const settleMs = number('LOAD_SETTLE_MS', 60_000);

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: node load-child.mjs <folder>');
const ledger = join(folder, 'ledger.jsonl');
const submits = join(folder, 'submits.jsonl');
const isLast = process.env.NEMESIS_LAST === '1';
let batches = 0;

async function submitBatch(engine) {
  batches += 1;
  const batch = `${process.pid}-${batches}`;
  // Mostly `line`; every seventh `flaky`, every fiftieth `doomed`. Every eightieth sleeps so long that it reports itself.
  const records = Array.from({ length: batchSize }, (_, i) => {
    const n = batches * batchSize + i;
    const definition = definitions[n % 50 === 0 ? 2 : n % 7 === 0 ? 1 : 0];
    return { workflow: definition.name, input: { ledger, n, sleepMs: n % 80 === 79 ? 400 : n % 30 } };
  });
  recordSent(submits, { batch, workflows: records.map(record => record.workflow) });
  recordAcked(submits, { batch, ids: await submit(engine, records) });
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
  await write(join(folder, 'history.jsonl'), historyRows(engine));
  await write(join(folder, 'audit.jsonl'), auditRows(engine));
  console.log('exported');
  await stop(engine);
} else {
  for (;;) {
    if (submitted() < instanceMax) await submitBatch(engine);
    await sleep(everyMs); // until the nemesis comes
  }
}
