// The checker is checked: it accepts every correct world, and finds every planted violation.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAudit } from './audit-grammar.js';
import { auditMutants } from './audit-mutants.js';
import { check, type Verdict } from './checker.js';
import { effectMutants } from './effect-mutants.js';
import { historyMutants, type Mutant } from './mutants.js';
import { shapeOf } from './shape.js';
import { buildWorld, recipes } from './world.js';

const runs = Number(process.env.CHECKER_RUNS ?? 300);

describe('correct worlds', () => {
  test('have no violations, under kills and failures too', () => {
    const seen = { finished: 0, removed: 0, failed: 0, open: 0, duplicates: 0, losses: 0 };
    fc.assert(
      fc.property(recipes, recipe => {
        const verdict = check(buildWorld(recipe));
        expect(verdict.violations).toEqual([]);
        count(seen, verdict);
      }),
      { numRuns: runs * 10 },
    );
    // The generator reaches what it is for.
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(50);
  });

  test('an executed but uncommitted transaction is executed again after a kill, and counted as a duplicate', () => {
    const world = buildWorld({
      kills: 1,
      workflows: [[{ isBreak: false, hasEffect: true, fails: 0, failsBy: 'error' }]],
      instances: [
        {
          workflow: 0,
          cuts: [0],
          cutAfterEnd: true,
          cutIsAudited: true,
          stopAfter: null,
          stopsAs: 'open',
          defers: false,
          isAcked: true,
        },
      ],
    });
    const { violations, executions, duplicates, losses } = check(world);
    expect({ violations, executions, duplicates, losses }).toEqual({
      violations: [],
      executions: 2,
      duplicates: 1,
      losses: 1,
    });
    const withoutKill = check({ ...world, kills: 0 }).violations.map(violation => violation.kind);
    expect(withoutKill).toEqual(['too-many-executions', 'too-many-losses']);
    // Whose leases ended may live on, and begin it again itself.
    expect(check({ ...world, kills: 0, lapses: 1 }).violations).toEqual([]);
  });
});

test('a failover may be told anywhere in an instance, late too, and is counted', () => {
  const shape = shapeOf({ name: '/f', actions: [{ name: 'a', type: 'call' }], flows: [] });
  const told =
    'StartingExecutionFlow EnteringAction ExecutingAction ExitingAction FinishingExecutionFlow FinishingFlowChart FlowChartRemoved';
  const life = told.split(' ').map((event, at) => ({ event, action: at > 0 && at < 4 ? 'a' : null, atMs: 1_000 + at }));
  for (let at = 0; at <= life.length; at++) {
    const failover = { event: 'FlowChartFailover', action: null, atMs: 1 };
    const events = life.toSpliced(at, 0, failover).map((event, seq) => ({ ...event, attempt: 1, seq }));
    expect(readAudit(events, shape, 5)).toMatchObject({ fault: null, failovers: 1, says: 'finished', ignored: 0 });
  }
});

describe('planted violations are found', () => {
  const all = { ...historyMutants, ...auditMutants, ...effectMutants };
  for (const [name, mutant] of Object.entries(all)) test(name, () => provesCaught(mutant));
});

test('100,000 instances are checked', () => {
  const action = { isBreak: true, hasEffect: true, fails: 0, failsBy: 'error' } as const;
  const instance = {
    workflow: 0,
    cuts: [],
    cutAfterEnd: false,
    cutIsAudited: false,
    stopAfter: null,
    stopsAs: 'open',
    defers: true,
    isAcked: true,
  } as const;
  const world = buildWorld({
    kills: 2,
    workflows: [[action, action, { ...action, fails: 1 }]],
    instances: Array.from({ length: 100_000 }, (_, i) => ({ ...instance, cuts: i % 10 === 0 ? [1] : [] })),
  });
  const verdict = check(world);
  expect(verdict.violations).toEqual([]);
  expect(verdict).toMatchObject({ instances: 100_000, acknowledged: 100_000, executions: 410_000, duplicates: 10_000 });
});

/** Every world that has a place for the mutant gets one of the right verdicts, for the right instance and no other. */
function provesCaught(mutant: Mutant): void {
  let planted = 0;
  fc.assert(
    fc.property(recipes, fc.nat(10_000), (recipe, pick) => {
      const plant = mutant(buildWorld(recipe), pick);
      if (plant === null) return;
      planted += 1;
      const { violations } = check(plant.world);
      const kinds = violations
        .filter(violation => violation.instance === plant.instance)
        .map(violation => violation.kind);
      const others = violations.filter(violation => violation.instance !== plant.instance);
      if (!plant.spills) expect(others).toEqual([]);
      expect(
        kinds.filter(kind => plant.expected.includes(kind)),
        `found ${kinds.join(' ')}`,
      ).not.toEqual([]);
    }),
    { numRuns: runs },
  );
  expect(planted, 'worlds with a place for the mutant').toBeGreaterThan(runs / 20);
}

function count(seen: Record<string, number>, verdict: Verdict): void {
  const { states, duplicates, losses } = verdict;
  for (const [what, times] of Object.entries({ ...states, duplicates, losses })) seen[what] = (seen[what] ?? 0) + times;
}
