// COUNT instances of an action that waits 50 ms, with an input of 1 kB. Prints `grown <finished> <MB> <claimed>`: how many
// finished, by how much the resident memory grew at most, and how many were claimed at a time at most.

import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, count, module] = process.argv.slice(2);
const engine = await createEngine({ dataFolder: folder, threads: 2 });
await engine.deploy({
  name: '/faults/flood',
  module,
  actions: [{ name: 'wait', type: 'call', function: 'wait', retry: { retries: 0 } }],
  flows: [],
});
await engine.start();
// Warm: threads started, code loaded, statements prepared.
for (const id of await engine.submit(Array.from({ length: 500 }, () => ({ workflow: '/faults/flood' })))) await engine.result(id);
const { finished: before } = await engine.status();
const residentMb = () => process.memoryUsage.rss() / 1_048_576;
const beforeMb = residentMb();
let mostMb = beforeMb;
let claimedMost = 0;
function* records() {
  for (let n = 0; n < Number(count); n++) yield { workflow: '/faults/flood', input: { n, waitMs: 50, text: 'x'.repeat(1_000) } };
}
const submitted = engine.submitMany(records());
for (;;) {
  const { finished, claimed } = await engine.status();
  mostMb = Math.max(mostMb, residentMb());
  claimedMost = Math.max(claimedMost, claimed);
  if (finished - before >= Number(count)) break;
  await new Promise(resolve => setTimeout(resolve, 20));
}
await submitted;
const { finished } = await engine.status();
process.stdout.write(`grown ${finished - before} ${Math.round(mostMb - beforeMb)} ${claimedMost}\n`);
await engine.dispose();
