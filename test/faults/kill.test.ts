// Fault 6: the engine is killed with SIGKILL at 25 random moments under load, then runs to its end. Nothing that was
// acknowledged may be missing, nothing committed twice, no audit have a gap (I1, I2, I4, I8, I10), no average be off.
//
// SEED (default 1; `random` draws one) and KILLS (default 25) in the environment make it a torture, for example
//   for seed in $(seq 100); do SEED=$seed KILLS=50 npx vitest run test/faults/kill.test.ts || break; done

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import { nullLoggers } from '../../src/observe/loggers.js';
import { expectExact } from '../engine/run-history.js';
import { judge } from '../ledger/judge.js';
import { nemesis } from '../ledger/nemesis.js';

const script = fileURLToPath(new URL('../ledger/load-child.mjs', import.meta.url));
const kills = Number(process.env.KILLS ?? 25);

test(
  `${kills} kills at random moments under load lose nothing and commit nothing twice`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
    const limitMs = kills * 8_000 + 120_000;
    const report = await nemesis({
      script,
      args: [folder],
      kills,
      minMs: 20,
      maxMs: 1_000,
      duringStartShare: 0.2, // one kill in five may fall on the recovery
      limitMs,
    });
    const runs = await runsIn(join(folder, 'data'));
    const { torn, ...numbers } = judge(folder, { kills }, `seed ${report.seed}`);
    expect(torn).toBeLessThanOrEqual(kills * 2);
    // The run tested something: work was acknowledged, executed and, in all likelihood, cut.
    expect(numbers.acknowledged).toBeGreaterThan(kills * 20);
    expect(numbers.states.failed).toBeGreaterThan(0);
    expect(numbers.states.finished).toBeGreaterThan(numbers.instances / 2);
    // Each has one run, whatever was begun again; what has failed still has its.
    expect(runs.length).toBe(numbers.instances);
    expect(runs.filter(({ state }) => state === 'ended').length).toBe(numbers.states.finished);
  },
  kills * 8_000 + 150_000,
);

/** The history of runs, once it is what the averages tell. */
async function runsIn(dataFolder: string) {
  const engine = await createEngine({ dataFolder, threads: 1, loggers: nullLoggers });
  try {
    return await expectExact(engine, '/ledger/');
  } finally {
    await engine.dispose();
  }
}
