// Runs the programs of <folder>/programs.json, so many instances of each, to be killed at any moment, and throws operations at
// them meanwhile.
//
//   node programs.mjs <folder> <instances of each>
//
// The first run (NEMESIS_RUN=0) deploys and submits, and says `ready` when that is acknowledged. The last (NEMESIS_LAST=1)
// waits for every instance and writes <folder>/results.json, program by program.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../../dist/src/engine/index.js';
import { Thrower } from './thrower.mjs';

const [folder, each] = process.argv.slice(2);
const { programs, others, seed } = JSON.parse(readFileSync(join(folder, 'programs.json'), 'utf8'));
const ids = join(folder, 'ids.json');
process.env.MILLRACE_LEDGER = join(folder, 'ledger.jsonl');

const engine = await createEngine({ dataFolder: join(folder, 'data'), threads: 2 });
if (process.env.NEMESIS_RUN === '0') {
  const actions = fileURLToPath(new URL('../../fixtures/ledger/', import.meta.url));
  for (const { definitions } of [...programs, ...others]) {
    for (const definition of definitions) await engine.deploy(definition, actions);
  }
  const submitted = [];
  for (const { name } of programs) {
    submitted.push(await engine.submit(Array.from({ length: Number(each) }, () => ({ workflow: name, input: {} }))));
  }
  writeFileSync(ids, JSON.stringify(submitted));
}
await engine.start();
console.log('ready');
const submitted = JSON.parse(readFileSync(ids, 'utf8'));
const thrower = new Thrower(engine, { programs, others, submitted, seed: seed + Number(process.env.NEMESIS_RUN) });
const isLast = process.env.NEMESIS_LAST === '1';
await thrower.run(isLast ? 40 : Number.POSITIVE_INFINITY);
const going = thrower.letGo();
const results = [];
for (const some of submitted) results.push(await Promise.all(some.map(id => engine.result(id))));
writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
await going.stop();
await engine.dispose();
