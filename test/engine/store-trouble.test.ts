// A store in trouble, for real: PostgreSQL itself refuses the commits as it does when its disk is full.

import { expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.js';
import { loggersTo } from '../../src/observe/loggers.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';
import { definitionOf, here, noRetry } from './setup.js';

const fill = `create function test_disk_full() returns trigger language plpgsql as $$ begin
    raise exception 'could not extend file: No space left on device' using errcode = '53100';
  end $$;
  create trigger test_disk_full before insert on millrace_outcome
    for each statement execute function test_disk_full()`;
const free = 'drop trigger test_disk_full on millrace_outcome';

test('what runs while the disk is full finishes when there is room again; nobody fails, nothing runs twice', async () => {
  let driver!: ThreadedDriver;
  let refused = 0;
  const loggers = loggersTo(({ message }) => {
    if (message === 'store command failed') refused += 1;
  });
  const engine = await createEngine(
    { dataFolder: 'memory', threads: 1, loggers },
    {
      onDriver: made => {
        driver = made;
      },
    },
  );
  onTestFinished(() => engine.dispose(0));
  await engine.deploy(definitionOf('/trouble/flow', [{ function: 'echo', retry: noRetry }]), here);
  await engine.start();
  await driver.script(fill);
  const ids = await engine.submit(Array.from({ length: 50 }, (_, n) => ({ workflow: '/trouble/flow', input: { n } })));
  await expect.poll(() => refused, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
  expect((await engine.status()).finished).toBe(0);
  await driver.script(free);
  for (const [n, id] of ids.entries()) {
    expect(await engine.result(id)).toEqual({ instance: id, state: 'finished', result: { n } });
  }
  expect(await engine.status()).toMatchObject({ finished: 50, failed: 0, retried: 0 });
});
