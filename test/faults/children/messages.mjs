// One of several engines that share their work: it runs until it is killed, and says `ready` when it has begun.
//
//   node messages.mjs <folder> <name> <redis> <cluster> [postgres]

import { createEngine } from '../../../dist/src/engine/index.js';

const [dataFolder, name, redis, cluster, postgres = null] = process.argv.slice(2);
const engine = await createEngine({ dataFolder, name, redis, cluster, postgres, leaseMs: 3_000, threads: 1 });
await engine.start();
console.log('ready');
