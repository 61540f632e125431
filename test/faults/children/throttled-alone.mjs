// An engine with its queue in its own process, under throttles, to be killed at any moment.
//
//   node throttled-alone.mjs FOLDER INSTANCES
//
// The first run (NEMESIS_RUN=0) sets the throttles of FOLDER/throttles.json, marked in the ledger, and submits; it says `ready`
// when that is acknowledged. The last (NEMESIS_LAST=1) waits until everything has ended. Whoever has the folder's lock knows that
// the process before it is dead, and marks that, too.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../../dist/src/engine/index.js';
import { appendRecord } from '../../fixtures/ledger/append.mjs';
import { openCount } from '../../fixtures/ledger/exported.mjs';
import { definitions } from '../../fixtures/ledger/throttled.mjs';

const [folder, instances] = process.argv.slice(2);
const ledger = join(folder, 'ledger.jsonl');
const lives = join(folder, 'lives');
process.env.MILLRACE_LEDGER = ledger;

const engine = await createEngine({ dataFolder: join(folder, 'data'), threads: 2 });
const before = existsSync(lives) ? readFileSync(lives, 'utf8').trim().split('\n') : [];
for (const pid of before) appendRecord(ledger, { kind: 'killed', engine: pid });
appendFileSync(lives, `${process.pid}\n`);
if (process.env.NEMESIS_RUN === '0') {
  const actions = fileURLToPath(new URL('../../fixtures/ledger/', import.meta.url));
  for (const definition of definitions) await engine.deploy(definition, actions);
  for (const { branch, perEngine, clusterWide } of JSON.parse(readFileSync(join(folder, 'throttles.json'), 'utf8'))) {
    const set = (property, value) => engine.configuration.set({ branch, property, value: value ?? 'unlimited' });
    await set('CONCURRENCY_THROTTLE', perEngine);
    await set('CONCURRENCY_THROTTLE_CLUSTER_WIDE', clusterWide);
    appendRecord(ledger, { kind: 'bound', branch, perEngine, clusterWide });
  }
  const records = Array.from({ length: Number(instances) }, (_, n) => ({
    workflow: definitions[n % definitions.length].name,
    input: { sleepMs: n % 10 },
    priority: 1 + (n % 7),
  }));
  await engine.submit(records);
}
await engine.start();
console.log('ready');
if (process.env.NEMESIS_LAST === '1') {
  while ((await openCount(engine)) > 0) await passed(200);
  await engine.dispose();
}
