// Operations on bytes (D11): 100,000 fresh instances are some 200 rows, and an operation on all of them takes less time
// than it takes to say so. The figures are printed.

import { expect, test } from 'vitest';
import { homes, newBranch, openEngine, temporaryFolder, World } from './setup.js';

const instances = 100_000;
const segmentsMax = 210;
/** The bound on the reference machine is 100 ms; a busy one gets more, a wrong order of growth still fails. */
const boundMs = 5_000;

test.each(homes)('100,000 fresh instances are paused, resumed, and removed as some 200 segments, %s', async home => {
  const folder = temporaryFolder();
  const engine = await openEngine(home, folder);
  try {
    const { branch, deploy, counts, segments } = new World(engine, home, folder, newBranch());
    const workflow = await deploy(['echo']);
    await engine.submitMany(Array.from({ length: instances }, (_, n) => ({ workflow, input: { n } })));
    expect(await counts()).toEqual({ ready: instances });
    expect(await segments()).toBe(instances / 500);
    const [later] = [await engine.submit({ workflow, eligibleAtMs: Date.now() + 3_600_000 })];
    await engine.remove(later);
    const figures: string[] = [];
    for (const [operation, state] of [
      ['pause', 'paused'],
      ['resume', 'ready'],
      ['pause', 'paused'],
      ['remove', 'removed'],
    ] as const) {
      const startedMs = performance.now();
      const done = await engine[operation](branch);
      const tookMs = performance.now() - startedMs;
      figures.push(`${operation} ${tookMs.toFixed(0)} ms`);
      expect(done.contexts).toBe(instances);
      expect(done.segments).toBeLessThanOrEqual(segmentsMax);
      expect(tookMs).toBeLessThan(boundMs);
      expect((await counts())[state]).toBe(instances + (state === 'removed' ? 1 : 0));
    }
    console.log(`${instances} instances, ${home}: ${figures.join(', ')}`);
  } finally {
    await engine.dispose(0);
  }
});

test.each(homes)('as many that have failed together are recovered as some 200 segments, %s', async home => {
  const folder = temporaryFolder();
  const engine = await openEngine(home, folder);
  try {
    const { branch, deploy, untilCounts } = new World(engine, home, folder, newBranch());
    const workflow = await deploy([{ function: 'alwaysFails', retry: { retries: 0 } }]);
    const many = 20_000;
    await engine.submitMany(Array.from({ length: many }, (_, n) => ({ workflow, input: { n } })));
    await engine.start();
    await untilCounts({ failed: many });
    await engine.stop();
    const startedMs = performance.now();
    const done = await engine.recover(branch);
    const tookMs = performance.now() - startedMs;
    expect(done.contexts).toBe(many);
    expect(tookMs).toBeLessThan(boundMs);
    console.log(`recover of ${many} in ${done.segments} segments, ${home}: ${tookMs.toFixed(0)} ms`);
    await untilCounts({ ready: many });
  } finally {
    await engine.dispose(0);
  }
});
