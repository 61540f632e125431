// A status event of the engine (Ok, EngineMainBlocked ...), written by whoever is able to: often not the main thread.

import { encode } from '../binary.js';
import type { SqlCall, SqlStatement } from '../driver.js';

/** $1 at bigint (ms), $2 trace text. The generation is looked up: the writer does not follow the rotation. */
const insertStatus: SqlStatement = {
  name: 'status_insert',
  text: `insert into millrace_audit (generation, root, at, trace)
    select coalesce((select slot from millrace_generation where ring = 'audit' and is_current limit 1), 0), null,
           $1::bigint, $2::text`,
};

export function statusCall(atMs: number, trace: string): SqlCall {
  return { statement: insertStatus, parameters: [encode.int8(atMs), trace] };
}
