// The keys under which runs are found, where what is read at a time ends anywhere.

import { expect, onTestFinished, test } from 'vitest';
import { RunRows } from '../../src/engine/runs/run-row-reads.js';
import { systemClock } from '../../src/observe/clock.js';
import { openPgliteMemory } from '../../src/store/pglite/in-memory.js';
import { SqlStore } from '../../src/store/sql-store.js';
import { auditEvents } from '../../src/workflow/events.js';
import '../store/postgres-module.js';

const rootAt = (at: number): string => `00000000-0000-7000-8000-${String(at).padStart(12, '0')}`;

test('what is asked for is found, also where a read ends amid the rows of its key', async () => {
  const driver = await openPgliteMemory();
  onTestFinished(() => driver.close());
  const retention = { historyMs: 86_400_000, auditMs: 86_400_000 };
  const store = await SqlStore.open(driver, driver.info, retention, auditEvents, systemClock.nowMs());
  // Of two roots there are more rows than are read at a time, and the one asked for is early, or late.
  await driver.script(`
    insert into millrace_outcome (generation, root, workflow, name, state, finished_at, ordinals, members)
    select 0, ('00000000-0000-7000-8000-' || lpad(root::text, 12, '0'))::uuid, 1, name, 0, 0, B'1', 1 from (
      select at as root, case when at in (3, 1200, 2000) then '/y' else '/x' end as name from generate_series(1, 2000) at
      union all
      select root, case when at = other then '/y' else '/x' end
      from (values (500, 50), (900, 550)) roots (root, other), generate_series(1, 600) at) rows`);
  const rows = new RunRows(store, { kind: 'workflow', name: '/y' }, 'ended', []);
  const found: string[] = [];
  for (let from: string | null = rootAt(999_999); from !== null; ) {
    const { keys, next } = await rows.keys(from, true, 16);
    found.push(...keys);
    from = next;
  }
  expect(found.filter(key => [3, 500, 900, 1200, 2000].map(rootAt).includes(key))).toEqual(
    [2000, 1200, 900, 500, 3].map(rootAt),
  );
});
