// A machine's clock is set while timers wait, by hours and, as time servers do, by a moment: each instant is fired once, in its
// order, and none before the clock has shown it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestClock } from '../../src/observe/clock.js';
import { seed } from '../seed.js';
import { here, ownWorld } from './setup.js';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const firings = 6;
const count = 20;

test('whatever the clock is set to, timers fire each instant once, in order, and none early', async () => {
  const clock = new TestClock();
  const { engine, branch, until } = await ownWorld('memory', { clock });
  const workflow = `${branch}flow`;
  await engine.deploy(
    {
      name: workflow,
      module: './timer-actions.mjs',
      actions: [
        { name: 'tick', type: 'timer', expression: '+20m', count: firings },
        { name: 'close', type: 'call', function: 'close' },
        { name: 'over', type: 'call', function: 'over' },
      ],
      flows: [
        { from: 'tick', to: 'close' },
        { from: 'close', to: 'tick' },
        { from: 'tick', to: 'over', kind: 'expiration' },
      ],
    },
    here,
  );
  const beganMs = clock.nowMs();
  const ids = await engine.submit(Array.from({ length: count }, () => ({ workflow, input: {} })));
  const ended = Promise.all(ids.map(id => engine.result(id)));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const stepsMs = fc.sample(fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -hourMs, max: hourMs })), {
    seed,
    numRuns: 30,
  });
  let shownMs = beganMs;
  let turns = 0;
  await until(async () => {
    // A set clock, and then time that passes; from the last step on it passes alone.
    const stepMs = turns % 10 === 0 ? stepsMs[turns / 10] : undefined;
    if (stepMs !== undefined) clock.setNowMs(clock.nowMs() + stepMs);
    shownMs = Math.max(shownMs, clock.nowMs());
    clock.advanceMs(turns < 300 ? 1_000 : minuteMs);
    shownMs = Math.max(shownMs, clock.nowMs());
    turns += 1;
    const [told] = await engine.query(
      "select count(*) from millrace_audit_event where short_name = 'ExecutingAction' and action = 'close'",
    );
    const shown = Math.floor((shownMs - beganMs) / (20 * minuteMs));
    expect(Number(told![0])).toBeLessThanOrEqual(count * shown);
    return isOver;
  });
  const instants = Array.from({ length: firings }, (_, at) =>
    new Date(beganMs + (at + 1) * 20 * minuteMs).toISOString(),
  );
  for (const { state, result } of await ended) {
    expect(state).toBe('finished');
    expect(result).toEqual({ closed: instants, over: false });
  }
}, 120_000);
