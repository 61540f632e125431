// An engine, not started, that is given an operation on 600 segments and stands still in its middle, to be killed there.
// Arguments: folder, operation, its options as JSON.

import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, operation, options] = process.argv.slice(2);
const engine = await createEngine({ dataFolder: folder });
const actions = [{ name: 'wait', type: 'manual' }];
await engine.deploy({ name: '/killed/flow', actions, flows: [] });
for (const from of [0, 300]) {
  await engine.submit(
    Array.from({ length: 300 }, (_, n) => ({ workflow: '/killed/flow', input: { n: from + n }, priority: from + n + 1 })),
  );
}
await engine[operation]('/killed/', {
  ...JSON.parse(options),
  onProgress: ({ contexts }) => {
    console.log(`progress ${contexts}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120_000);
  },
});
