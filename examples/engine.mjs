// An engine inside an application: deploy, submit, wait for results, look at the audit.
//
//   node examples/engine.mjs
//
// Here the store is in memory. Leave `dataFolder` out and it is ./millrace-data: then what was submitted survives a
// crash of the process and of the machine.

import { createEngine } from 'millrace';
import { workflow } from 'millrace/workflow';

const engine = await createEngine({ dataFolder: 'memory', threads: 2 });

await engine.deploy(
  workflow('/examples/order', { module: new URL('orders.mjs', import.meta.url).href })
    .call('total', { function: 'total' })
    // What came before is committed here: charging again never means adding up again.
    .call('charge', { function: 'charge', transactionBreak: true, timeoutMs: 5_000 })
    .build(),
);
await engine.start();

// Resolves with ids when the instances are durable, whatever becomes of them afterwards.
const ids = await engine.submit([
  { workflow: '/examples/order', input: { customer: 'Ada', items: [{ price: 30, count: 2 }] } },
  { workflow: '/examples/order', input: { customer: 'Grace', items: [{ price: 5, count: 3 }] }, priority: 1 },
]);
for (const id of ids) {
  const { state, result } = await engine.result(id);
  console.log(state, result.customer, result.amount);
}

// Every step is in the audit, for plain SQL.
const rows = await engine.query(
  `select short_name, count(*) from millrace_audit_event where workflow = '/examples/order' group by 1 order by 1`,
);
for (const [event, count] of rows) console.log(`${count} ${event}`);

await engine.dispose();
