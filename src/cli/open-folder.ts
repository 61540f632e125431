// A data folder opened to look at it or to operate on it: an engine that is created and not started. The folder must be
// there, since looking must not make one.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../engine/create-engine.js';
import type { Engine } from '../engine/engine.js';
import { Refusal } from './exit.js';

/** @param runtimeConfiguration its file @throws Refusal when the folder holds no store; EngineError `STORE_LOCKED` with the holder's pid */
export async function withFolder<Answer>(
  folder: string,
  work: (engine: Engine) => Promise<Answer>,
  absent: 'refuse' | 'make-store' = 'refuse',
  runtimeConfiguration: string | null = null,
): Promise<Answer> {
  if (folder === 'memory') throw new Refusal(['--data memory: nothing is kept in memory, so there is nothing to open']);
  if (absent === 'refuse' && !existsSync(join(folder, 'pglite'))) {
    throw new Refusal([`--data ${folder}: holds no store; run a workflow with this folder first, or name another`]);
  }
  const engine = await createEngine({ dataFolder: folder, threads: 1, runtimeConfiguration });
  try {
    return await work(engine);
  } finally {
    await engine.dispose();
  }
}
