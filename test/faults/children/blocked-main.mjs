// An engine whose main loop is blocked by the fault armed in MILLRACE_FAULTS (`engine.claim:<ms>`) once it has started.
// Prints `health <port>` before, and `done` when it goes on.

import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, module] = process.argv.slice(2);
const engine = await createEngine({ dataFolder: folder, healthPort: 0, blockedAfterMs: 500 });
await engine.deploy({
  name: '/faults/blocked',
  module,
  actions: [{ name: 'double', type: 'call', function: 'double' }],
  flows: [],
});
process.stdout.write(`health ${engine.healthPort}\n`);
await engine.start();
const id = await engine.submit({ workflow: '/faults/blocked', input: { n: 21 } });
const { result } = await engine.result(id);
process.stdout.write(`done ${result.doubled}\n`);
const events = await engine.query(
  `select short_name, message from millrace_audit_event where family = 'status' order by seq`,
);
process.stdout.write(`audit ${JSON.stringify(events)}\n`);
await engine.dispose();
