// A run whose store fails: it ends, and says why.

import { expect, onTestFinished, test } from 'vitest';
import { codeOfError, linesOfError } from '../../src/cli/exit.js';
import { openInput } from '../../src/cli/input-records.js';
import { Interrupt } from '../../src/cli/interrupt.js';
import { runMany } from '../../src/cli/run-many.js';
import { deploy, freshFolder, open } from '../faults/setup.js';

/** The handlers of signals go with the test. */
function ownInterrupt(): Interrupt {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = new Map(signals.map(signal => [signal, process.listeners(signal)]));
  const interrupt = new Interrupt();
  onTestFinished(() => {
    for (const signal of signals) {
      for (const listener of process.listeners(signal))
        if (!before.get(signal)!.includes(listener)) process.off(signal, listener);
    }
  });
  return interrupt;
}

test('--count 0 ends with 1 and the reason when an fsync fails while it waits', async () => {
  const failFsync = new Int32Array(new SharedArrayBuffer(4));
  const folder = freshFolder();
  const { engine } = await open(folder, {}, { storeFaults: { failFsync } });
  const workflow = await deploy(engine, 'wait');
  // Not due for a day: only the failure can end the run.
  await engine.submit({ workflow, eligibleAtMs: Date.now() + 86_400_000 });
  expect((await engine.status()).storeFailure).toBeNull();
  const started = engine.start();
  const run = runMany({
    engine,
    started,
    workflow,
    version: 1,
    input: await openInput(null),
    total: 0,
    interrupt: ownInterrupt(),
    file: 'flow.yaml',
    data: folder,
    asJson: false,
    isQuiet: true,
  });
  await started;
  Atomics.store(failFsync, 0, 1);
  await expect(engine.submit({ workflow })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  expect(codeOfError(error)).toBe(1);
  expect(linesOfError(error)).toEqual([expect.stringMatching(/^STORE_FAILED: .*fsync failed: EIO/)]);
  expect((await engine.status()).storeFailure).toBe(error);
});
