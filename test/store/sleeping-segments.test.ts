// What sleeps at triggers by the ten thousand: whoever fills a queue reads past it in a few pages.

import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/observe/clock.js';
import { neverMs, type Segment } from '../../src/store/contract.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { nothing, rootOf, segmentOf } from './conformance.js';

const horizonMs = Date.UTC(2030, 0, 3);

test('a scan passes over what sleeps beyond the horizon, and leaves out nothing else', async () => {
  const driver = await openPgliteMemory();
  onTestFinished(() => driver.close());
  const retention = { historyMs: neverMs, auditMs: neverMs };
  const store = await SqlStore.open(driver, driver.info, retention, [], systemClock.nowMs());
  const root = rootOf(1);
  await store.commit({ ...nothing(), roots: [root] });
  const awake: string[] = [];
  for (let page = 0; page < 6; page++) {
    const segments = Array.from({ length: 4_000 }, (_, at): Segment => {
      if (at % 1_000 > 0) return segmentOf(root, [0], { waitsFor: '', eligibleAtMs: horizonMs + 1 + at });
      // Ready, about to wake, and far but no sleeper: a retry.
      const [waitsFor, eligibleAtMs] = [
        [null, 0],
        ['', horizonMs],
        [null, neverMs],
      ][page % 3] as [string | null, number];
      const segment = segmentOf(root, [0], { waitsFor, eligibleAtMs });
      awake.push(segment.id);
      return segment;
    });
    await store.commit({ ...nothing(), segments });
  }
  const found: string[] = [];
  let asleep = 0;
  let pages = 0;
  for (let after: string | null = null; ; pages++) {
    const page: Segment[] = await store.scan(after, 10, horizonMs);
    if (page.length === 0) break;
    for (const { id, waitsFor, eligibleAtMs } of page) {
      if (waitsFor !== null && eligibleAtMs > horizonMs) asleep += 1;
      else found.push(id);
    }
    after = page[page.length - 1]!.id;
  }
  expect(found).toEqual([...awake].sort());
  expect(pages).toBeLessThanOrEqual(5);
  expect(asleep).toBeLessThanOrEqual(2);
  // Of those that wake by then, the index alone knows.
  const waking = await store.sleeping(0, horizonMs, null, 100);
  expect(waking.every(({ eligibleAtMs }) => eligibleAtMs === horizonMs)).toBe(true);
  expect(waking.length).toBe(8);
}, 60_000);
