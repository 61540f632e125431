// Runs the programs of <folder>/programs.json, so many instances of each, to be killed at any moment.
//
//   node programs.mjs <folder> <instances of each>
//
// The first run (NEMESIS_RUN=0) deploys and submits, and says `ready` when that is acknowledged. The last (NEMESIS_LAST=1)
// waits for every instance and writes <folder>/results.json, program by program.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, each] = process.argv.slice(2);
const programs = JSON.parse(readFileSync(join(folder, 'programs.json'), 'utf8'));
const ids = join(folder, 'ids.json');
process.env.MILLRACE_LEDGER = join(folder, 'ledger.jsonl');

const engine = await createEngine({ dataFolder: join(folder, 'data'), threads: 2 });
if (process.env.NEMESIS_RUN === '0') {
  const actions = fileURLToPath(new URL('../../fixtures/ledger/', import.meta.url));
  for (const { definitions } of programs) for (const definition of definitions) await engine.deploy(definition, actions);
  const submitted = [];
  for (const { name } of programs) {
    submitted.push(await engine.submit(Array.from({ length: Number(each) }, () => ({ workflow: name, input: {} }))));
  }
  writeFileSync(ids, JSON.stringify(submitted));
}
await engine.start();
console.log('ready');
if (process.env.NEMESIS_LAST === '1') {
  const results = [];
  for (const some of JSON.parse(readFileSync(ids, 'utf8'))) results.push(await Promise.all(some.map(id => engine.result(id))));
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
  await engine.dispose();
}
