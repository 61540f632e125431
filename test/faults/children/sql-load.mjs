// Runs the instances of a folder that write a row each in every transaction, and says so: `ready`, then `ended <n>` whenever
// more have ended. With `submit` it submits them first; `submitted` when they are durable.

import { writeSync } from 'node:fs';
import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, role, count] = process.argv.slice(2);
const say = text => writeSync(1, `${text}\n`);
const engine = await createEngine({ dataFolder: folder, threads: 1, sql: true });
if (role === 'submit') {
  const records = Array.from({ length: Number(count) }, (_, n) => ({ workflow: '/faults/sql', input: { n } }));
  await engine.submit(records);
  say('submitted');
}
await engine.start();
say('ready');
let ended = 0;
engine.onEnded(group => {
  ended += group.count;
  say(`ended ${ended}`);
});
