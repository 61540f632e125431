// How long history is kept belongs to the store: an engine that is told nothing keeps what an earlier one was told.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { Generations } from '../../src/store/generations.js';
import { migrate } from '../../src/store/migrations/index.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import type { ThreadedDriver } from '../../src/store/pglite/threaded.js';

const weekMs = 7 * 86_400_000;
const openedAtMs = 1_000_000;

let driver: ThreadedDriver;
beforeEach(async () => {
  driver = await openPgliteMemory();
  await migrate(driver);
});
afterEach(() => driver.close());

/** How long a generation of the ring lasts when the store is opened so. */
async function lastsMs(retention: { historyMs: number | null; auditMs: number | null }): Promise<[number, number]> {
  const generations = await Generations.load(driver, retention, openedAtMs);
  const length = (ring: 'history' | 'audit'): number => {
    let low = 1;
    let high = 100 * weekMs;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (generations.due(ring, openedAtMs + middle) === null) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return [length('history'), length('audit')];
}

test('told nothing, a new store keeps both for a week: six generations hold it', async () => {
  expect(await lastsMs({ historyMs: null, auditMs: null })).toEqual([weekMs / 6, weekMs / 6]);
});

test('what one engine was told holds for the next that is told nothing, until one is told otherwise', async () => {
  expect(await lastsMs({ historyMs: 600_000, auditMs: 60_000 })).toEqual([100_000, 10_000]);
  expect(await lastsMs({ historyMs: null, auditMs: null })).toEqual([100_000, 10_000]);
  expect(await lastsMs({ historyMs: 1_200_000, auditMs: null })).toEqual([200_000, 10_000]);
  expect(await lastsMs({ historyMs: null, auditMs: null })).toEqual([200_000, 10_000]);
});

test('history is kept at least as long as the audit, whose events need it', async () => {
  expect(await lastsMs({ historyMs: 60_000, auditMs: 600_000 })).toEqual([100_000, 100_000]);
});
