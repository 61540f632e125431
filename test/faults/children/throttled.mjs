// One engine of several that share a queue: executes what it is given until it is killed, and says who has lost leases.
//
//   node throttled.mjs FOLDER NAME CLUSTER REDIS POSTGRES LEASE_MS

import { join } from 'node:path';
import { createEngine } from '../../../dist/src/engine/index.js';
import { loggersTo } from '../../../dist/src/observe/loggers.js';

const [folder, name, cluster, redis, postgres, leaseMs] = process.argv.slice(2);
process.env.MILLRACE_LEDGER = join(folder, 'ledger.jsonl');

const engine = await createEngine({
  dataFolder: join(folder, 'data'),
  name,
  cluster,
  redis,
  postgres,
  leaseMs: Number(leaseMs),
  threads: 2,
  loggers: loggersTo(({ logger, message, fields }) => {
    if (logger === 'system') console.log(`says ${message} ${JSON.stringify(fields.engines ?? [])}`);
  }),
});
await engine.start();
console.log('ready');
