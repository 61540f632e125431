// Submits COUNT instances to a stopped engine and then waits to be killed. Prints `accepted <n>` when all are durable.

import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, count, module] = process.argv.slice(2);
const engine = await createEngine({ dataFolder: folder });
await engine.deploy({
  name: '/faults/million',
  module,
  actions: [{ name: 'double', type: 'call', function: 'double' }],
  flows: [],
});
function* records() {
  for (let n = 0; n < Number(count); n++) yield { workflow: '/faults/million', input: { n, note: 'ready and waiting' } };
}
const accepted = await engine.submitMany(records());
process.stdout.write(`accepted ${accepted}\n`);
setInterval(() => {}, 1_000);
