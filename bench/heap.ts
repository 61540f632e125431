// What this process keeps, after a collection of garbage.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

export interface Kept {
  /** Objects of this thread, which has the engine, its queue and its caches; 10^6 bytes. */
  readonly heapMb: number;
  /** Buffers of this thread: inputs kept for the next claim, what is on its way; 10^6 bytes. */
  readonly buffersMb: number;
}

export function keptNow(): Kept {
  // Buffers go one collection after what held them.
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heapMb: heapUsed / 1e6, buffersMb: arrayBuffers / 1e6 };
}
