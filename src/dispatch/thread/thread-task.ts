// The Piscina task of a thread: it lasts as long as the thread, which takes its batches from a port of its own.

import type { MessagePort } from 'node:worker_threads';
import type { ScriptLimits } from '../../script/contract.js';

export interface ThreadTask {
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
  /** Actions that may execute at once; rows of the table in `memory`. */
  readonly concurrency: number;
  readonly graceMs: number;
  readonly beatMs: number;
  readonly resultBytesMax: number;
  /** `null`: none are run. */
  readonly scripts: ScriptLimits | null;
  readonly sql: boolean;
  readonly programs: boolean;
}
