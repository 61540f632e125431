// What a flow context sends back when it is one of several, and properties with expressions at any depth.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ActionMember, PlacedAction, ValueSource } from '../../src/dispatch/action.js';
import { withError } from '../../src/dispatch/error-variable.js';
import { freshVariables, scopesOf, seenVariables, type Writes, writtenText } from '../../src/dispatch/thread/scopes.js';
import { mapped, valuesOf } from '../../src/dispatch/thread/values.js';
import { substituteHere } from '../../src/flow/substitution/here.js';
import { parseTemplate } from '../../src/flow/substitution/parse.js';
import type { Json, JsonObject } from '../../src/workflow/model.js';
import type { PlanAction } from '../../src/workflow/plan.js';
import { seed } from '../seed.js';

const nothing: Writes = {
  result: null,
  writes: null,
  workflowWrites: null,
  transients: null,
  triggersKept: null,
  actionVariables: null,
};
const texts = (variables: JsonObject): Map<string, string> =>
  new Map(Object.entries(variables).map(([name, value]) => [name, JSON.stringify(value)]));

describe('what a context has written', () => {
  const earlier = JSON.stringify({ a: 1, $own: true, $workflow: { total: 1, by: 'another' } });

  test('one of several sends of workflow scope only what it wrote itself', () => {
    const wrote = { ...nothing, result: '7', writes: texts({ b: 2 }) };
    expect(JSON.parse(writtenText(earlier, wrote, true)!)).toEqual({ a: 1, $own: true, b: 2, RESULT: 7 });
    const shares = { ...wrote, workflowWrites: texts({ total: 2 }) };
    expect(JSON.parse(writtenText(earlier, shares, true)!).$workflow).toEqual({ total: 2 });
    expect(JSON.parse(writtenText(earlier, shares, false)!).$workflow).toEqual({ total: 2, by: 'another' });
  });

  test('nothing is sent by who wrote nothing that is kept', () => {
    expect(writtenText(earlier, nothing, true)).toBeNull();
    expect(
      writtenText(earlier, { ...nothing, transients: texts({ x: 1 }), actionVariables: texts({ y: 1 }) }, false),
    ).toBeNull();
  });

  test('an error beside it brings no stale workflow scope along', () => {
    expect(JSON.parse(withError(earlier, '"E"', true))).toEqual({ a: 1, $own: true, ERROR: 'E' });
    expect(JSON.parse(withError(earlier, '"E"', false)).$workflow).toEqual({ total: 1, by: 'another' });
  });

  test(`what is sent is what the next transaction sees, scope by scope (seed ${seed})`, () => {
    const name = fc.constantFrom('a', 'b', 'toString', '__proto__', 'hasOwnProperty', 'ü');
    const variables = fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), {
      noNullPrototype: true,
    }) as fc.Arbitrary<JsonObject>;
    const own = fc.dictionary(
      name.filter(text => text !== '__proto__'),
      fc.jsonValue({ maxDepth: 2 }),
    ) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(
        variables,
        variables,
        variables,
        own,
        own,
        fc.boolean(),
        (input, before, shared, mine, ours, isOwn) => {
          const text = JSON.stringify({ ...before, $workflow: shared, ...(isOwn ? { $own: true } : {}) });
          const writes = { ...nothing, writes: texts(mine), workflowWrites: texts(ours) };
          const sent = writtenText(text, writes, false)!;
          const source = JSON.stringify(input);
          const seen = seenVariables(source, sent, nothing);
          expect(JSON.stringify(sorted(seenVariables(source, text, writes)))).toBe(JSON.stringify(sorted(seen)));
          const expected = { ...(isOwn ? {} : input), ...shared, ...ours, ...before, ...mine };
          expect(JSON.stringify(sorted(seen))).toBe(JSON.stringify(sorted(expected)));
          expect(Object.getPrototypeOf(seen)).toBe(Object.prototype);
          const { flow, workflow } = scopesOf(source, sent, nothing);
          expect(JSON.stringify(sorted(flow))).toBe(JSON.stringify(sorted({ ...before, ...mine })));
          expect(JSON.stringify(sorted(workflow))).toBe(JSON.stringify(sorted({ ...shared, ...ours })));
        },
      ),
      { numRuns: 500 },
    );
  });
});

test(`variables that were just written are those that are seen, whatever lies below them (seed ${seed})`, () => {
  const names = ['a', 'b', 'RESULT'];
  const some = fc.dictionary(fc.constantFrom('a', 'b'), fc.integer()) as fc.Arbitrary<JsonObject>;
  const given = fc.record({
    input: some,
    before: some,
    mine: some,
    transient: some,
    action: some,
    result: fc.boolean(),
  });
  fc.assert(
    fc.property(given, fc.subarray(names), ({ input, before, mine, transient, action, result }, asked) => {
      const own: Writes = {
        result: result ? '"r"' : null,
        writes: texts(mine),
        workflowWrites: texts({ a: 0 }),
        transients: texts(transient),
        triggersKept: null,
        actionVariables: texts(action),
      };
      const fresh = freshVariables(new Set(asked), own);
      const isFresh = (name: string): boolean =>
        name === 'RESULT' ? result : [mine, transient, action].some(each => Object.hasOwn(each, name));
      expect(fresh !== null).toBe(asked.every(isFresh));
      if (fresh === null) return;
      const seen = seenVariables(JSON.stringify(input), JSON.stringify({ ...before, RESULT: 'old' }), own);
      expect(fresh).toEqual(Object.fromEntries(asked.map(name => [name, seen[name]])));
    }),
    { numRuns: 500 },
  );
});

test('expressions are put in at any depth, and types are kept', () => {
  const property: Json = { list: ['${n}', { text: 'n is ${n}', plain: '$n' }], more: '${list}', none: null };
  const templates = ['${n}', 'n is ${n}', '${list}'].map(text => {
    const parsed = parseTemplate(text);
    if (!parsed.ok) throw new Error(parsed.fault.message);
    return parsed.value;
  });
  let asked = 0;
  const source: ValueSource = { scopes: [{ n: 3, list: [1] }], runtime: () => undefined, atMs: 0 };
  const member = {
    source: () => {
      asked += 1;
      return source;
    },
  } as unknown as ActionMember;
  const value = valuesOf({ templates } as unknown as PlanAction, substituteHere)(property);
  expect(value(member)).toEqual({ list: [3, { text: 'n is 3', plain: '$n' }], more: [1], none: null });
  expect(asked).toBe(1);
  expect(valuesOf({} as PlanAction, substituteHere)(property)(member)).toBe(property);
});

/** Members in order of their names; `__proto__` is one. */
function sorted(variables: JsonObject): [string, Json][] {
  return Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
}

test('an action without a data map runs as it is', () => {
  const action: PlacedAction = { run: () => 1 };
  expect(mapped(action, {} as PlanAction, substituteHere)).toBe(action);
});
