// The history of runs read whole, and held against the averages.

import { expect } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { RunAverage } from '../../src/engine/runs/run-averages.js';
import type { RunRecord } from '../../src/engine/runs/run-pages.js';
import type { RunState } from '../../src/engine/runs/run-row-reads.js';

/** All pages; small ones, so that there are some. */
export async function historyOf(
  engine: Engine,
  of: string,
  state: RunState | null = null,
  limit = 3,
): Promise<RunRecord[]> {
  const found: RunRecord[] = [];
  for (let after: string | null = null; ; ) {
    const page = await engine.reads.runPage(of, state, after, limit);
    found.push(...page.runs);
    if (page.next === null) return found;
    after = page.next;
  }
}

export async function averagesOf(engine: Engine, scope: string, limit = 2): Promise<RunAverage[]> {
  const found: RunAverage[] = [];
  for (let after: string | null = null; ; ) {
    const page = await engine.reads.averagePage(scope, after, limit);
    found.push(...page.averages);
    if (page.next === null) return found;
    after = page.next;
  }
}

/** The averages of runs are exactly those of the history. */
export async function expectExact(engine: Engine, scope: string): Promise<RunRecord[]> {
  const runs = await historyOf(engine, scope, null, 500);
  const expected = new Map<string, { count: number; sumMs: number; premature: number }>();
  for (const { workflow, state, runMs } of runs) {
    if (state === 'open') continue;
    const sums = expected.get(workflow) ?? { count: 0, sumMs: 0, premature: 0 };
    expected.set(workflow, sums);
    if (state === 'premature') sums.premature += 1;
    else {
      sums.count += 1;
      sums.sumMs += runMs!;
    }
  }
  const told = (await averagesOf(engine, scope, 100)).filter(
    ({ action, count, premature }) => action === null && count + premature > 0,
  );
  expect(told.map(({ workflow, count, averageMs, premature }) => ({ workflow, count, averageMs, premature }))).toEqual(
    [...expected]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([workflow, { count, sumMs, premature }]) => {
        return { workflow, count, averageMs: count === 0 ? -1 : Math.round(sumMs / count), premature };
      }),
  );
  return runs;
}
