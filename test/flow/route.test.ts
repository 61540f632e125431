// Which flows are taken: the table, and random charts walked beside an interpreter that knows only the definition.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { routeOf } from '../../src/flow/route.js';
import type { Flow, JsonObject, WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan, failureFlow, type Plan } from '../../src/workflow/plan.js';
import { verify } from '../../src/workflow/verify.js';
import { seed } from '../seed.js';

const names = ['a', 'b', 'c', 'd', 'e'];

function planWith(flows: readonly Flow[], action: object = {}): Plan {
  const actions = names.map(name => ({ name, type: 'null' as const, timeoutMs: 5, ...action }));
  return compilePlan({ name: '/a', actions, flows: [...flows] }, '/');
}

const always = (to: string): Flow => ({ from: 'a', to });
const when = (to: string, condition: string): Flow => ({ from: 'a', to, condition });
const otherwise = (to: string): Flow => ({ from: 'a', to, kind: 'else' });

function taken(flows: readonly Flow[], variables: JsonObject): string[] {
  const route = routeOf(planWith(flows).actions[0]!);
  return route.taken(variables).map(({ to }) => names[to]!);
}

describe('flows taken', () => {
  test.each<[string, Flow[], JsonObject, string[]]>([
    ['an unconditional one', [always('b')], {}, ['b']],
    ['none, without any', [], {}, []],
    ['a condition that holds', [when('b', 'x = 1')], { x: 1 }, ['b']],
    ['one that does not', [when('b', 'x = 1')], { x: 2 }, []],
    ['one that is unknown', [when('b', 'x = 1')], {}, []],
    ['one without anything in it', [when('b', '')], {}, ['b']],
    ['else, when none held', [when('b', 'x = 1'), otherwise('c')], { x: 2 }, ['c']],
    ['else, when all are unknown', [when('b', 'x = 1'), otherwise('c')], {}, ['c']],
    ['no else, when one held', [otherwise('c'), when('b', 'x = 1')], { x: 1 }, ['b']],
    ['else alone', [otherwise('c')], {}, ['c']],
    ['no else beside an unconditional one', [otherwise('c'), always('b'), when('d', 'x')], {}, ['b']],
    ['all that hold, as written', [when('d', 'x > 0'), when('c', 'x > 5'), when('b', 'x > 1')], { x: 2 }, ['d', 'b']],
    ['the unconditional and what holds', [when('d', 'x'), always('b')], { x: true }, ['d', 'b']],
    ['RESULT by either name', [when('b', 'result.n = RESULT.n')], { RESULT: { n: 3 } }, ['b']],
    ['no error or timeout flow', (['error', 'timeout'] as const).map(kind => ({ ...always('b'), kind })), {}, []],
  ])('%s', (_, flows, variables, expected) => {
    expect(taken(flows, variables)).toEqual(expected);
  });

  test('nothing is looked at where there is nothing to decide', () => {
    const fixed = (flows: Flow[]) => routeOf(planWith(flows).actions[0]!).fixed?.map(({ to }) => names[to]!) ?? null;
    expect([fixed([]), fixed([always('b')]), fixed([otherwise('c')])]).toEqual([[], ['b'], ['c']]);
    expect([fixed([when('b', '')]), fixed([always('b'), when('c', '')])]).toEqual([null, null]);
    expect(fixed([always('b'), { ...always('c'), kind: 'error' }])).toEqual(['b']);
    expect(fixed([always('d'), always('b'), otherwise('c')])).toEqual(['d', 'b']);
  });
});

describe('flows for failures', () => {
  const error: Flow = { from: 'a', to: 'b', kind: 'error' };
  const timeout: Flow = { from: 'a', to: 'c', kind: 'timeout', rollback: true };
  const flowAfter = (flows: Flow[], exit: 'error' | 'timeout', attempt = 0, action = {}, code = 'X') =>
    failureFlow(planWith(flows, action).actions[0]!, exit, attempt, code);

  test('the error flow is taken at once, for a timeout the timeout flow or else the error flow', () => {
    expect(flowAfter([error, timeout], 'error')).toEqual({ flow: 0, to: 1, rollback: false });
    expect(flowAfter([error, timeout], 'timeout')).toEqual({ flow: 1, to: 2, rollback: true });
    expect(flowAfter([error], 'timeout')).toEqual({ flow: 0, to: 1, rollback: false });
    expect(flowAfter([timeout], 'error')).toBeNull();
    expect(flowAfter([], 'error', 99)).toBeNull();
  });

  test('an action that says how it is tried again takes it when that is used up', () => {
    const retry = { retry: { retries: 2 } };
    expect([0, 1, 2, 3].map(attempt => flowAfter([error], 'error', attempt, retry) !== null)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(flowAfter([error], 'error', 4, { retry: { delayMs: 1 } })).toBeNull();
    expect(flowAfter([error], 'error', 5, { retry: { delayMs: 1 } })).not.toBeNull();
  });

  test('an error that is not tried again takes it at once', () => {
    const retry = { retry: { retries: 2, codes: ['Busy', 'Later'] } };
    expect(flowAfter([error], 'error', 0, retry, 'Busy')).toBeNull();
    expect(flowAfter([error], 'error', 0, retry, 'Other')).not.toBeNull();
    expect(flowAfter([timeout], 'timeout', 0, retry, 'ActionTimeout')).not.toBeNull();
    expect(flowAfter([error], 'error', 2, retry, 'Busy')).not.toBeNull();
  });
});

// A chart: what each action adds to `x`, and flows whose conditions compare it.
const target = fc.constantFrom(...names);
const operator = fc.constantFrom('<', '<=', '=', '>=', '>', '<>');
const flow = fc.oneof(
  { weight: 4, arbitrary: fc.record({ to: target, operator, bound: fc.integer({ min: -5, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ to: target, kind: fc.constant('else' as const) }) },
  { weight: 1, arbitrary: fc.record({ to: target }) },
);
type Drawn = { to: string; operator?: string; bound?: number; kind?: 'else' };
const chart = fc.record({
  adds: fc.array(fc.integer({ min: -3, max: 5 }), { minLength: names.length, maxLength: names.length }),
  flows: fc.array(fc.array(flow as fc.Arbitrary<Drawn>, { maxLength: 4 }), {
    minLength: names.length,
    maxLength: names.length,
  }),
});

const turnsMax = 50;

/** The way of an instance by the definition's words alone; ends with what ended it. */
function interpreted(adds: readonly number[], flows: readonly (readonly Drawn[])[]): string[] {
  const way: string[] = [];
  let [at, x] = ['a', 0];
  while (way.length < turnsMax) {
    way.push(at);
    const place = names.indexOf(at);
    x += adds[place]!;
    const own = flows[place]!;
    const holds = ({ operator, bound }: Drawn): boolean =>
      (operator!.includes('<') && operator !== '<>' && x < bound!) ||
      (operator!.includes('>') && operator !== '<>' && x > bound!) ||
      (operator === '<>' ? x !== bound : operator!.includes('=') && x === bound);
    const hits = own.filter(each => each.kind === undefined && (each.operator === undefined || holds(each)));
    const next = hits.length > 0 ? hits : own.filter(({ kind }) => kind === 'else');
    if (next.length > 1) return [...way, `split ${next.map(({ to }) => to).join(' ')}`];
    if (next.length === 0) return [...way, 'end'];
    at = next[0]!.to;
  }
  return way;
}

function walked(plan: Plan, adds: readonly number[]): string[] {
  const routes = plan.actions.map(routeOf);
  const way: string[] = [];
  let [place, x] = [plan.entry.place, 0];
  while (way.length < turnsMax) {
    way.push(names[place]!);
    x += adds[place]!;
    const route = routes[place]!;
    const next = route.taken({ RESULT: { x } });
    if (route.fixed !== null) expect(next).toEqual(route.fixed);
    if (next.length > 1) return [...way, `split ${next.map(({ to }) => names[to]!).join(' ')}`];
    if (next.length === 0) return [...way, 'end'];
    place = next[0]!.to;
  }
  return way;
}

test(`random charts go the way an interpreter goes (seed ${seed})`, () => {
  const told = { ways: new Set<string>(), ends: new Set<string>() };
  fc.assert(
    fc.property(chart, ({ adds, flows: drawn }) => {
      // One unconditional flow at most, and one else flow where there is none: others are refused.
      const flows = drawn.map(own => {
        const first = (isOne: (each: Drawn) => boolean) => own.find(isOne);
        const isElse = (each: Drawn) => each.kind === 'else';
        const isAlways = (each: Drawn) => each.kind === undefined && each.operator === undefined;
        return own.filter(
          each =>
            (!isElse(each) || (each === first(isElse) && first(isAlways) === undefined)) &&
            (!isAlways(each) || each === first(isAlways)),
        );
      });
      const definition: WorkflowDefinition = {
        name: '/a',
        actions: names.map(name => ({ name, type: 'null' })),
        flows: flows.flatMap((own, place) =>
          own.map(({ to, operator: compared, bound, kind }) => ({
            from: names[place]!,
            to,
            ...(kind === undefined ? {} : { kind }),
            ...(compared === undefined ? {} : { condition: `RESULT.x ${compared} ${bound}` }),
          })),
        ),
      };
      expect(verify(definition).filter(({ code }) => code !== 'ACTION_UNREACHABLE')).toEqual([]);
      const way = interpreted(adds, flows);
      expect(walked(compilePlan(definition, '/'), adds)).toEqual(way);
      told.ways.add(way.join(' '));
      told.ends.add(way.at(-1)!.split(' ')[0]!);
    }),
    { numRuns: 2_000 },
  );
  expect(told.ways.size).toBeGreaterThan(200);
  expect([...told.ends]).toEqual(expect.arrayContaining(['end', 'split']));
});
