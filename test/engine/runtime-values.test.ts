// Which plans are sent to the threads again when the runtime configuration changes.

import { expect, test } from 'vitest';
import { parseRuntimeConfiguration } from '../../src/config/parse.js';
import { RuntimeValues } from '../../src/engine/configuration/runtime-values.js';
import { compilePlan, type Plan } from '../../src/workflow/plan.js';

function treeOf(text: string) {
  const parsed = parseRuntimeConfiguration(text, { file: 'a.properties', folder: '/', isWindows: false });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

function planOf(name: string, message: string): Plan {
  return compilePlan({ name, actions: [{ name: 'a', type: 'console', message }], flows: [] }, '/');
}

test('only those that name what has changed; a plan that names nothing is sent as it is', () => {
  const sent: [number, [string, unknown][] | null][] = [];
  const values = new RuntimeValues({
    define: (workflow, plan) => sent.push([workflow, plan.runtime === undefined ? null : [...plan.runtime]]),
  });
  values.take(treeOf('/HOST=root\n/a/HOST=a'));
  values.define(1, planOf('/a/x', `\${runtime HOST} \${runtime host} \${runtime ABSENT}`));
  values.define(2, planOf('/b/x', `\${runtime /a/HOST} \${runtime HOST}`));
  values.define(3, planOf('/a/y', `\${HOST}`));
  expect(sent.splice(0)).toEqual([
    [
      1,
      [
        ['HOST', 'a'],
        ['host', 'a'],
      ],
    ],
    [
      2,
      [
        ['/a/HOST', 'a'],
        ['HOST', 'root'],
      ],
    ],
    [3, null],
  ]);
  values.take(treeOf('/HOST=root\n/a/HOST=a\n/OTHER=1'));
  expect(sent.splice(0)).toEqual([]);
  values.take(treeOf('/HOST=new\n/a/HOST=a'));
  expect(sent.splice(0)).toEqual([
    [
      2,
      [
        ['/a/HOST', 'a'],
        ['HOST', 'new'],
      ],
    ],
  ]);
  values.take(treeOf(''));
  expect(sent.splice(0)).toEqual([
    [1, []],
    [2, []],
  ]);
});

test('calls without a module have the modules of the nearest branch; where those change they are sent again', () => {
  const sent: unknown[] = [];
  const values = new RuntimeValues({
    define: (workflow, { actions }) => sent.push([workflow, actions.map(({ branchModules }) => branchModules ?? null)]),
  });
  const call = { type: 'call', function: 'f' } as const;
  const plan = (name: string): Plan =>
    compilePlan(
      {
        name,
        actions: [
          { name: 'own', module: './own.mjs', ...call },
          { name: 'branch', ...call },
        ],
        flows: [{ from: 'own', to: 'branch' }],
      },
      '/',
    );
  values.define(1, plan('/a/x'));
  expect(sent.splice(0)).toEqual([[1, [null, { branch: '/a/', paths: [] }]]]);
  values.take(treeOf('/LISTENER_CLASSPATH=m.mjs\n/b/LISTENER_CLASSPATH=n'));
  values.define(2, plan('/b/deep/x'));
  expect(sent.splice(0)).toEqual([
    [1, [null, { branch: '/', paths: ['/m.mjs'] }]],
    [2, [null, { branch: '/b/', paths: ['/n'] }]],
  ]);
  values.take(treeOf('/LISTENER_CLASSPATH=m.mjs\n/b/LISTENER_CLASSPATH=n:o\n/X=1'));
  expect(sent.splice(0)).toEqual([[2, [null, { branch: '/b/', paths: ['/n', '/o'] }]]]);
});

test('what one plan takes along is bounded', () => {
  const sent: Plan[] = [];
  const values = new RuntimeValues({ define: (_, plan) => sent.push(plan) });
  const branches = Array.from({ length: 120 }, (_, at) => `/b${at}/X`);
  values.take(treeOf(`/X=${'x'.repeat(50_000)}`));
  values.define(1, planOf('/a', branches.map(name => `\${runtime ${name}}`).join('')));
  expect(sent[0]!.runtime!.size).toBe(83);
});
