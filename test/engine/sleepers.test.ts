// What waits for a far time: in the store alone until its time is near, across restarts and clocks that are set.
// COUNT=1000000 has a million of them.

import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { TestClock } from '../../src/observe/clock.js';
import { openEngine, temporaryFolder } from './setup.js';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const count = Number(process.env.COUNT ?? 2_000);
/** A million is submitted, and wakes, within minutes. */
const patienceMs = 60_000 + count;

async function open(folder: string, clock: TestClock): Promise<Engine> {
  const engine = await openEngine('disk', folder, { clock });
  await engine.start();
  return engine;
}

/** Until it is so: looks after each turn of the event loop, for as long as a busy machine may need. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  await expect.poll(isDone, { interval: 5, timeout: patienceMs }).toBe(true);
}

test(
  'thousands are in no queue until their time is near, and fire then, once each, also after a restart',
  async () => {
    const folder = temporaryFolder();
    const clock = new TestClock();
    const dueMs = clock.nowMs() + dayMs;
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
    function* all() {
      for (let n = 0; n < count; n++) yield { workflow, input: { n } };
    }
    await engine.submitMany(all());
    const asleep = async (): Promise<boolean> => {
      const { ready, delayed, claimed } = await engine.status();
      return ready + delayed + claimed === 0;
    };
    await until(async () => (await sleeping(engine)) === count && (await asleep()));
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
      return (await engine.status()).delayed === count;
    });
    expect(await sleeping(engine)).toBe(count);
    clock.advanceMs(5 * minuteMs);
    await until(async () => Number((await engine.query('select count(*) from millrace_segment'))[0]![0]) === 0);
    const [fired] = await engine.query(
      `select count(*), count(distinct (root, ordinal)), count(*) filter (where at_ms < $1::bigint)
      from millrace_audit_event where short_name = 'ExitingTrigger'`,
      [String(dueMs)],
    );
    expect(fired).toEqual([String(count), String(count), '0']);
  },
  patienceMs,
);

async function sleeping(engine: Engine): Promise<number> {
  const [row] = await engine.query(
    'select coalesce(sum(open), 0) from millrace_segment where waits_for is not null and state = 0',
  );
  return Number(row![0]);
}
