// Generated flow charts: what verification accepts compiles, the plan says what was written, and what it calls a join that
// can never go on is one.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dominatorsOf } from '../../src/workflow/dominators.js';
import type { Action, Flow, Join, WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan, type Plan } from '../../src/workflow/plan.js';
import { definitionText } from '../../src/workflow/serialize.js';
import { verify } from '../../src/workflow/verify.js';
import { seed } from '../seed.js';

const joins = fc.constantFrom<Join[]>(
  'all',
  'first',
  '1 of 1',
  '1 of 2',
  '2 of 2',
  '2 of 3',
  'all activated',
  '1 token',
  '2 tokens',
  'any',
  { wait: 'all', rest: 'cancel' },
  { wait: 'first', rest: 'block' },
);

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const name = fc.constantFrom(...names);

interface Steps {
  actions: Action[];
  flows: Flow[];
}

function stepsOf(depth: number): fc.Arbitrary<Steps> {
  const kinds: fc.Arbitrary<object>[] = [
    fc.constant({ type: 'null' }),
    fc.constant({ type: 'null' }),
    fc.constant({ type: 'console', message: 'x', timeoutMs: 5 }),
    fc.constant({ type: 'call', function: 'f' }),
    fc.constantFrom({ type: 'end' }, { type: 'error' }, { type: 'workflow', workflow: '/b' }),
    fc.record({ type: fc.constant('cancel'), actions: fc.array(name, { minLength: 1, maxLength: 2 }) }),
    fc.record({ type: fc.constant('group'), group: name, do: fc.constantFrom('complete', 'cancel') }),
  ];
  if (depth > 0) {
    const body = stepsOf(depth - 1);
    kinds.push(fc.record({ type: fc.constant('forEach'), items: fc.constant('list'), body }));
  }
  const action = fc.record(
    {
      kind: fc.oneof(...kinds),
      join: fc.option(joins, { freq: 3, nil: undefined }),
      start: fc.option(fc.constant(true), { freq: 8, nil: undefined }),
      mutex: fc.option(fc.constant('m'), { freq: 8, nil: undefined }),
    },
    { requiredKeys: ['kind'] },
  );
  return fc.array(action, { minLength: 1, maxLength: names.length }).chain(list => {
    const index = fc.nat(list.length - 1);
    const flow = fc.record({
      from: index,
      to: index,
      more: fc.constantFrom<Partial<Flow>[]>({}, {}, {}, { condition: 'x = 1' }, { kind: 'else' }, { kind: 'error' }),
    });
    // A way to each action, mostly: else nearly all would be refused for what is not reached.
    const ways = fc.tuple(...list.map((_, at) => (at === 0 ? fc.constant(-1) : fc.nat(at - 1))));
    const isMended = fc.constantFrom(true, true, true, false);
    return fc.tuple(ways, fc.array(flow, { maxLength: 4 }), isMended).map(([sources, others, isMended]) => {
      const steps = {
        actions: list.map(({ kind, join, start, mutex }, at) => {
          const action = { name: names[at]!, ...kind, join, start, mutex };
          return Object.fromEntries(
            Object.entries(action).filter(([, value]) => value !== undefined),
          ) as unknown as Action;
        }),
        flows: [
          ...sources.flatMap((from, at) => (from < 0 ? [] : [{ from: names[from]!, to: names[at]! }])),
          ...others.map(({ from, to, more }) => ({ from: names[from]!, to: names[to]!, ...more })),
        ],
      };
      return isMended ? mended(steps) : steps;
    });
  });
}

/** Without most of what chance gets wrong. */
function mended({ actions, flows }: Steps): Steps {
  const alone = new Set<string>();
  const kept = flows.filter(({ from, kind }) => {
    if (kind === undefined) return true;
    const isFirst = !alone.has(`${from} ${kind}`);
    alone.add(`${from} ${kind}`);
    return isFirst;
  });
  return {
    flows: kept,
    actions: actions.map((action, at) => {
      const { name, join, ...rest } = action;
      const inbound = kept.filter(({ to }) => to === name).length;
      const isOther = typeof join === 'string' && / of /.test(join) && !join.endsWith(` of ${inbound}`);
      const isJoin =
        join !== undefined && join !== 'any' && !isOther && at > 0 && rest.start === undefined && inbound > 0;
      const isEnd = rest.type === 'end' || rest.type === 'error';
      const isGroup =
        rest.type === 'group' && !actions.some(({ type, name }) => type === 'forEach' && name === rest.group);
      const isCancel =
        rest.type === 'cancel' &&
        !rest.actions.every(other => other !== name && actions.some(({ name }) => name === other));
      const isLed = isEnd && kept.some(({ from }) => from === name);
      const kind = isGroup || isCancel || isLed ? { type: 'null' } : rest;
      return { name, ...(isJoin ? { join } : {}), ...kind } as Action;
    }),
  };
}

const definitions = stepsOf(2).map((steps): WorkflowDefinition => ({ name: '/a', module: './m.mjs', ...steps }));

test(`what verification accepts compiles, to a plan whose numbers fit each other (seed ${seed})`, () => {
  const seen = { accepted: 0, bodies: 0, joins: 0, splits: 0, starts: 0 };
  fc.assert(
    fc.property(definitions, definition => {
      if (verify(definition).length > 0) return;
      const plan = compilePlan(definition, '/');
      checkPlan(plan);
      expect(compilePlan(JSON.parse(definitionText(definition)) as WorkflowDefinition, '/')).toEqual(plan);
      seen.accepted += 1;
      if (plan.actions.some(({ bodyStarts }) => bodyStarts.length > 0)) seen.bodies += 1;
      if (plan.actions.some(({ join }) => join !== null)) seen.joins += 1;
      if (plan.actions.some(({ flows }) => flows.length > 1)) seen.splits += 1;
      if (plan.entry.hasRun) seen.starts += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(20);
});

function checkPlan({ actions, targets, entry }: Plan): void {
  expect(actions.map(({ place }) => place)).toEqual(actions.map((_, index) => index));
  expect(new Set(actions.map(({ name }) => name)).size).toBe(actions.length);
  const outbound = actions.flatMap(({ flows, errorFlow, timeoutFlow }) =>
    [...flows, errorFlow, timeoutFlow].flatMap(flow => (flow === null ? [] : [flow])),
  );
  expect(outbound.map(({ flow }) => flow).sort((left, right) => left - right)).toEqual(targets.map((_, flow) => flow));
  for (const { flow, to } of outbound) {
    expect(targets[flow]).toBe(to);
    expect(actions[to]!.inbound).toContain(flow);
  }
  expect(actions.flatMap(({ inbound }) => inbound)).toHaveLength(targets.length);
  // From the entry, through flows and bodies, all can be reached.
  const reached = new Set([entry.place]);
  for (const place of reached) {
    const { flows, errorFlow, timeoutFlow, bodyStarts } = actions[place]!;
    for (const next of [...flows, errorFlow, timeoutFlow]) if (next !== null) reached.add(next.to);
    for (const start of bodyStarts) reached.add(start);
  }
  expect(reached.size).toBe(actions.length);
  for (const { action, join, inbound, region } of actions) {
    expect(join === null).toBe(action.join === undefined);
    if (join?.kind === 'count') expect(join.need).toBeLessThanOrEqual(inbound.length);
    if (action.type === 'cancel' || action.type === 'group') expect(region.length).toBeGreaterThan(0);
    if (action.type === 'group') expect(actions[region[0]!]!.action.type).toBe('forEach');
  }
}

test(`dominators: what cannot be reached without another (seed ${seed})`, () => {
  const graphs = fc.integer({ min: 1, max: 9 }).chain(size =>
    fc.record({
      next: fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }),
      starts: fc.array(fc.nat(size - 1), { minLength: 1, maxLength: 2 }),
    }),
  );
  const reachedFrom = (next: number[][], starts: number[], without: number) => {
    const reached = new Set(starts.filter(start => start !== without));
    for (const place of reached) for (const to of next[place]!) if (to !== without) reached.add(to);
    return reached;
  };
  fc.assert(
    fc.property(graphs, ({ next, starts }) => {
      const dominates = dominatorsOf(next, starts);
      const all = reachedFrom(next, starts, -1);
      for (let other = 0; other < next.length; other++) {
        const around = reachedFrom(next, starts, other);
        for (let place = 0; place < next.length; place++)
          expect(dominates(other, place)).toBe(all.has(other) && all.has(place) && !around.has(place));
      }
    }),
    { numRuns: 2_000 },
  );
});

test(`a join of all is told to go on never, unless all of its flows can bring something (seed ${seed})`, () => {
  let never = 0;
  let goes = 0;
  const index = fc.nat(names.length - 1);
  const graphs = fc.record({
    ways: fc.tuple(...names.slice(1).map((_, at) => fc.nat(at))),
    others: fc.array(fc.tuple(index, index), { maxLength: 4 }),
    join: fc.integer({ min: 1, max: names.length - 1 }),
  });
  fc.assert(
    fc.property(graphs, ({ ways, others, join }) => {
      const flows = [...ways.map((from, at) => [from, at + 1] as const), ...others];
      const actions = names.map((name, at) => ({ name, type: 'null', ...(at === join ? { join: 'all' } : {}) }));
      const written = flows.map(([from, to]) => ({ from: names[from]!, to: names[to]! }));
      const faults = verify({ name: '/a', actions, flows: written });
      // All that can be brought about while the join has not gone on.
      const reached = new Set([0]);
      for (const place of reached) for (const [from, to] of flows) if (from === place && to !== join) reached.add(to);
      const can = flows.every(([from, to]) => to !== join || reached.has(from));
      expect(faults.map(({ code, path }) => `${code} ${path}`)).toEqual(
        can ? [] : [`JOIN_NEVER actions[${join}].join`],
      );
      if (can) goes += 1;
      else never += 1;
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(goes, never)).toBeGreaterThan(50);
});
