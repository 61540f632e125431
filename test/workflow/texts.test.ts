// Texts with expressions and data maps in definitions: what is refused, with its place, and what the plan makes of them.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested

import { describe, expect, test } from 'vitest';
import { formatFault } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { compilePlan } from '../../src/workflow/plan.js';
import { verify } from '../../src/workflow/verify.js';

function faultsOf(text: string): string[] {
  const loaded = loadDefinition(text, 'a.yaml');
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
}

describe('texts', () => {
  test('what cannot be read is told with its place', () => {
    expect(
      faultsOf(`workflow: /a
actions:
  a: { type: console, message: "Dear \${RESULT..name}" }
  b:
    type: console
    message: |
      first
      at \${date (+q) yyyy}
`).filter(fault => fault.includes('SUBSTITUTION')),
    ).toEqual([
      expect.stringMatching(/^a\.yaml:3:47 actions\.a\.message: at character 15: .*\(SUBSTITUTION_INVALID\)$/),
      expect.stringMatching(/^a\.yaml:8:19 actions\.b\.message: at character 19: .*\(SUBSTITUTION_INVALID\)$/),
    ]);
  });

  test('a message may have 32,768 characters, and only what has expressions is read', () => {
    const of = (message: string) => ({
      name: '/a',
      actions: [{ name: 'a', type: 'console' as const, message }],
      flows: [],
    });
    expect(verify(of('${n}'.padEnd(32_768, 'x')))).toEqual([]);
    expect(verify(of('x'.repeat(32_769)))).toMatchObject([{ code: 'VALUE_INVALID' }]);
    expect(verify(of('$$ $ {x} $x'))).toEqual([]);
    expect(compilePlan(of('$$ $ {x} $x'), '/').actions[0]!.templates).toBeUndefined();
    expect(compilePlan(of('${n}'), '/').actions[0]!.templates).toHaveLength(1);
    // Verified before texts had expressions.
    expect(compilePlan(of('${n'), '/').actions[0]!.templates).toBeUndefined();
  });
});

describe('data maps', () => {
  const entry = (from: string, to: string) => ({ from, to });

  function ofAction(...map: { from: string; to: string }[]): string[] {
    const actions = [{ name: 'a', type: 'null' as const, map }];
    return verify({ name: '/a', actions, flows: [] }).map(({ code, path }) => `${code} ${path}`);
  }

  test('sources: a scope, a variable, members of it; a property of the runtime configuration', () => {
    const good = [
      'flow.x',
      'flow.RESULT.a[0].get(1)',
      "workflow.x['a b']",
      'action.x',
      'runtime.X',
      'runtime./a/b/X',
      'flow.date',
    ];
    expect(ofAction(...good.map(from => entry(from, 'flow.y')))).toEqual([]);
    const bad = [
      'x',
      'flow',
      'flow.',
      '.x',
      'Flow.x',
      'global.x',
      'flow.x}${y',
      'flow.a..b',
      'flow.date yyyy',
      'flow.runtime X',
    ];
    const worse = ['runtime.', 'runtime.a b', 'flow.x y', 'flow.1', '${flow.x}', ' flow.x'];
    expect(ofAction(...[...bad, ...worse].map(from => entry(from, 'flow.y')))).toEqual(
      [...bad, ...worse].map((_, at) => `MAP_INVALID actions[0].map[${at}].from`),
    );
  });

  test('targets: a scope and a name that can be set', () => {
    expect(ofAction(...['flow.y', 'workflow.ü1', 'action._'].map(to => entry('flow.x', to)))).toEqual([]);
    const bad = ['y', 'runtime.y', 'flow.a.b', 'flow.a b', 'flow.1', 'flow.RESULT', 'action.ERROR', 'flow.$x'];
    const worse = ['workflow.__proto__', 'flow.constructor', 'flow.$workflow', `flow.${'x'.repeat(201)}`, 'flow.y\n'];
    expect(ofAction(...[...bad, ...worse].map(to => entry('flow.x', to)))).toEqual(
      [...bad, ...worse].map((_, at) => `MAP_INVALID actions[0].map[${at}].to`),
    );
  });

  test('on flows: not where no thread can apply them, and not into variables of an action', () => {
    const map = [entry('flow.x', 'flow.y')];
    const actions: WorkflowDefinition['actions'] = ['a', 'b', 'c', 'd'].map(name => ({ name, type: 'null' }));
    actions[3] = { ...actions[3]!, join: 'all' };
    const flows: WorkflowDefinition['flows'] = [
      { from: 'a', to: 'b', map },
      { from: 'a', to: 'c', condition: 'x', map },
      { from: 'a', to: 'c', kind: 'else', map },
      { from: 'b', to: 'c', condition: 'x', map },
      { from: 'b', to: 'd', kind: 'else', map },
      { from: 'c', to: 'd', kind: 'error', map },
      { from: 'c', to: 'b', map: [entry('action.x', 'action.y')] },
      { from: 'c', to: 'b', kind: 'else', map: [] },
    ];
    const faults = verify({ name: '/a', actions, flows }).filter(({ code }) => code === 'MAP_INVALID');
    expect(faults.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'flows[0].map: a flow that is taken together with others cannot have a data map; give the map to the action that it leads to',
      'flows[1].map: a flow that is taken together with others cannot have a data map; give the map to the action that it leads to',
      'flows[4].map: a flow into a join cannot have a data map; give the map to the action that it leads to',
      'flows[5].map: a flow of kind error cannot have a data map; give the map to the action that it leads to',
      expect.stringContaining('flows[6].map[0].from: a flow has no variables of an action'),
      expect.stringContaining('flows[6].map[0].to: a flow has no variables of an action'),
    ]);
  });

  test('in YAML a fault has its place', () => {
    expect(
      faultsOf(`workflow: /a
actions:
  a:
    type: null
    map:
      - { from: flow.x, to: runtime.y }
    next: { to: b, map: [{ from: x, to: flow.y }] }
  b: { type: null }
`),
    ).toEqual([
      expect.stringMatching(
        /^a\.yaml:6:29 actions\.a\.map\[0\]\.to: found "runtime\.y", accepted is .*\(MAP_INVALID\)$/,
      ),
      expect.stringMatching(
        /^a\.yaml:7:34 actions\.a\.next\.map\[0\]\.from: found "x", accepted is .*\(MAP_INVALID\)$/,
      ),
    ]);
  });
});

test('in bodies of for-each actions texts and data maps are held to the same, at any depth', () => {
  expect(
    faultsOf(`workflow: /a
actions:
  each:
    type: forEach
    items: [1]
    body:
      actions:
        a: { type: console, message: "\${", next: { to: inner, map: [{ from: action.x, to: flow.y }] } }
        inner:
          type: forEach
          items: [1]
          body:
            actions:
              - { name: b, type: console, message: "\${date (+q) yyyy}", map: [{ from: x, to: flow.y }] }
`).map(fault => fault.replace(/^(a\.yaml:\d+):\d+ ([^ ]+): .* (\(\w+\))$/, '$1 $2 $3')),
  ).toEqual([
    'a.yaml:8 actions.each.body.actions.a.message (SUBSTITUTION_INVALID)',
    'a.yaml:8 actions.each.body.actions.a.next.map[0].from (MAP_INVALID)',
    'a.yaml:14 actions.each.body.actions.inner.body.actions[0].message (SUBSTITUTION_INVALID)',
    'a.yaml:14 actions.each.body.actions.inner.body.actions[0].map[0].from (MAP_INVALID)',
  ]);
});
