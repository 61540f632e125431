// A status event of the engine (Ok, EngineMainBlocked ...), written by whoever is able to: often not the main thread.

import { encode } from '../binary.js';
import type { SqlCall } from '../driver.js';
import { insertAudit } from './commit.js';

export function statusCall(atMs: number, trace: string): SqlCall {
  const parameters = [encode.uuidArray([null]), encode.int8Array([atMs]), encode.textArray([trace])];
  return { statement: insertAudit, parameters };
}
