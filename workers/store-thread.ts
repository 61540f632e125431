// Entry point of the store thread; see `src/store/pglite/serve.ts`.

import { parentPort, workerData } from 'node:worker_threads';
import { serveStore } from '../src/store/pglite/serve.js';
import type { StoreThreadOptions } from '../src/store/pglite/thread-protocol.js';

if (parentPort === null) throw new Error('store-thread is started by src/store/pglite/threaded.ts, in a worker thread');
await serveStore(parentPort, workerData as StoreThreadOptions);
