// Submits and waits, one thing at a time, and says so without delay: `begin <n>`, then `acknowledged <n>` when the submit
// is durable, or `ended <n>` when the result is.

import { writeSync } from 'node:fs';
import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, module] = process.argv.slice(2);
const say = text => writeSync(1, `${text}\n`);
const engine = await createEngine({ dataFolder: folder, threads: 1 });
await engine.deploy({
  name: '/faults/acknowledge',
  module,
  actions: [{ name: 'double', type: 'call', function: 'double' }],
  flows: [],
});
const record = n => ({ workflow: '/faults/acknowledge', input: { n } });
for (let n = 0; n < 10; n++) {
  say(`begin ${n}`);
  await engine.submit(record(n));
  say(`acknowledged ${n}`);
}
await engine.start();
while ((await engine.status()).finished < 10) await new Promise(resolve => setTimeout(resolve, 10));
for (let n = 0; n < 10; n++) {
  // It begins a moment later, so that its commit comes after `begin`.
  const id = await engine.submit({ ...record(n), eligibleAtMs: Date.now() + 200 });
  say(`begin ${n}`);
  await engine.result(id);
  say(`ended ${n}`);
}
await engine.dispose();
