// Opens the folder again and starts. Prints `first <ms>` when the first instance has ended, counted from the beginning
// of this process, and `ready <n>` with what was found.

import { createEngine } from '../../../dist/src/engine/index.js';

const [folder] = process.argv.slice(2);
const startedMs = performance.timeOrigin;
const engine = await createEngine({ dataFolder: folder });
const [count] = await engine.count('/faults/million');
process.stdout.write(`ready ${count.instances}\n`);
await engine.start();
for (;;) {
  const { finished } = await engine.status();
  if (finished > 0) break;
  await new Promise(resolve => setImmediate(resolve));
}
process.stdout.write(`first ${Math.round(Date.now() - startedMs)}\n`);
await engine.dispose(1_000);
