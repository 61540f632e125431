// What waits for a far time: in the store alone until its time is near, across restarts and clocks that are set.

import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { TestClock } from '../../src/observe/clock.js';
import { openEngine, temporaryFolder } from './setup.js';

const dayMs = 86_400_000;
const minuteMs = 60_000;

async function open(folder: string, clock: TestClock): Promise<Engine> {
  const engine = await openEngine('disk', folder, { clock });
  await engine.start();
  return engine;
}

/** Until it is so: looks after each turn of the event loop, for as long as a busy machine may need. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  await expect.poll(isDone, { interval: 5, timeout: 60_000 }).toBe(true);
}

test('it is in no queue until its time is near, and fires then, once, also after a restart', async () => {
  const folder = temporaryFolder();
  const clock = new TestClock();
  let engine = await open(folder, clock);
  const definition = {
    name: '/sleepers/flow',
    actions: [
      { name: 'wait', type: 'delay' as const, delay: '+1d' },
      { name: 'done', type: 'null' as const },
    ],
    flows: [{ from: 'wait', to: 'done' }],
  };
  await engine.deploy(definition);
  const workflow = definition.name;
  const [id] = await engine.submit(Array.from({ length: 20 }, () => ({ workflow, input: {} })));
  const asleep = async (): Promise<boolean> => {
    const { ready, delayed, claimed } = await engine.status();
    return ready + delayed + claimed === 0;
  };
  await until(async () => (await sleeping(engine)) === 20 && (await asleep()));
  await engine.dispose();

  engine = await open(folder, clock);
  onTestFinished(() => engine.dispose());
  expect(await asleep()).toBe(true);
  // Near: it is brought there, and claimed no sooner than its time.
  clock.advanceMs(dayMs - 4 * minuteMs);
  let passedMs = 0;
  await until(async () => {
    // The engine has been away for a day: it must lead again before it looks.
    if (passedMs < 3 * minuteMs) clock.advanceMs(1_000);
    passedMs += 1_000;
    return (await engine.status()).delayed === 20;
  });
  expect(await sleeping(engine)).toBe(20);
  const ended = engine.result(id!);
  clock.advanceMs(5 * minuteMs);
  expect((await ended).state).toBe('finished');
  await until(async () => (await sleeping(engine)) === 0);
  const [fired] = await engine.query(
    "select count(*), min(at_ms) from millrace_audit_event where short_name = 'ExitingTrigger'",
  );
  expect(fired![0]).toBe('20');
});

async function sleeping(engine: Engine): Promise<number> {
  const [row] = await engine.query(
    'select coalesce(sum(open), 0) from millrace_segment where waits_for is not null and state = 0',
  );
  return Number(row![0]);
}
