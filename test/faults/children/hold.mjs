// Holds the folder until it is killed: `held`. If it cannot: `refused <code> <ms it took> <message>`.

import { createEngine } from '../../../dist/src/engine/index.js';

const [folder] = process.argv.slice(2);
const startedMs = performance.now();
try {
  const engine = await createEngine({ dataFolder: folder });
  await engine.deploy({ name: '/faults/held', actions: [{ name: 'nothing', type: 'null' }], flows: [] });
  await engine.submit({ workflow: '/faults/held' });
  process.stdout.write('held\n');
  setInterval(() => {}, 1_000);
} catch (error) {
  process.stdout.write(`refused ${error.code} ${Math.round(performance.now() - startedMs)} ${error.message}\n`);
}
