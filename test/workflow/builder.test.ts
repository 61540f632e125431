// The builder gives the same model as a file.

import { expect, test } from 'vitest';
import { workflow } from '../../src/workflow/builder.js';
import { DefinitionError } from '../../src/workflow/fault.js';
import { loadDefinition } from '../../src/workflow/load.js';

test('actions follow each other as they are added, as in the file with next', () => {
  const built = workflow('/flights/score', { module: './flights.mjs', priority: 10 })
    .call('score', { function: 'score', timeoutMs: 5_000, retry: { retries: 3 } })
    .null('wait')
    .console('publish', { message: 'done' })
    .build();
  const file = loadDefinition(
    `workflow: /flights/score
module: ./flights.mjs
priority: 10
actions:
  score: { type: call, function: score, timeoutMs: 5000, retry: { retries: 3 }, next: wait }
  wait: { type: null, next: publish }
  publish: { type: console, message: done }`,
    'a.yaml',
  );
  expect(file).toEqual({ definition: built });
});

test('with the first flow the order means nothing', () => {
  const built = workflow('/a')
    .null('first')
    .action({ name: 'last', type: 'console', message: 'x', stream: 'stderr' })
    .null('middle')
    .flow('first', 'middle')
    .flow('middle', 'last')
    .build();
  expect(built.flows).toEqual([
    { from: 'first', to: 'middle' },
    { from: 'middle', to: 'last' },
  ]);
});

test('import.meta.url is a path in the definition, decoded', () => {
  const module = 'file:///home/a%20b/x.mjs';
  const built = workflow('/a', { module }).call('a', { function: 'f', module }).build();
  expect(built).toMatchObject({ module: '/home/a b/x.mjs', actions: [{ module: '/home/a b/x.mjs' }] });
});

test('undefined is absent, names become canonical, each build is a value of its own', () => {
  const builder = workflow('/cafe\u0301', { description: undefined } as object).null('a');
  const built = builder.build();
  expect(built).toEqual({ name: '/caf\u00e9', actions: [{ name: 'a', type: 'null' }], flows: [] });
  expect('description' in built).toBe(false);
  built.actions[0]!.name = 'changed';
  expect(builder.build().actions[0]!.name).toBe('a');
});

test('a bad definition throws all its faults', () => {
  const build = () =>
    workflow('a/b').call('x', { function: 'f' }).call('x', { function: 'g', module: 'file:///a%2fb' }).build();
  expect(build).toThrow(DefinitionError);
  try {
    build();
  } catch (error) {
    expect(error).toMatchObject({ code: 'WORKFLOW_INVALID' });
    const codes = (error as DefinitionError).faults.map(fault => fault.code);
    expect(codes.sort()).toEqual([
      'ACTION_DUPLICATE',
      'FLOW_LOOP',
      'MODULE_INVALID',
      'MODULE_MISSING',
      'NAMESPACE_INVALID',
    ]);
  }
  expect(() => workflow('/a', { module: 'file://%' }).null('a').build()).toThrow(DefinitionError);
});

test('for-each, sub-workflows, joins and actions that act on contexts, as in the file', () => {
  const built = workflow('/a', { module: './m.mjs' })
    .forEach('each', {
      items: [1, 2],
      parallel: 2,
      body: each => each.call('check', { function: 'check', mutex: 'one' }).null('checked'),
    })
    .workflow('sub', { workflow: '/b', input: { a: [1] } })
    .null('joined', { join: { wait: '1 of 2', rest: 'cancel' } })
    .cancel('stop', { actions: ['sub', 'check'] })
    .group('finish', { group: 'each', do: 'complete' })
    .error('failed', { code: 'E_NO' })
    .end('done')
    .flow('each', 'joined')
    .flow('each', 'sub')
    .flow('sub', 'joined')
    .flow('joined', 'stop')
    .flow('stop', 'finish')
    .flow('finish', 'failed', { kind: 'error' })
    .flow('finish', 'done')
    .build();
  const file = loadDefinition(
    `workflow: /a
module: ./m.mjs
actions:
  each:
    type: forEach
    items: [1, 2]
    parallel: 2
    next: [joined, sub]
    body:
      actions:
        check: { type: call, function: check, mutex: one, next: checked }
        checked: { type: null }
  sub: { type: workflow, workflow: /b, input: { a: [1] }, next: joined }
  joined: { type: null, join: { wait: 1 of 2, rest: cancel }, next: stop }
  stop: { type: cancel, actions: [sub, check], next: finish }
  finish: { type: group, group: each, do: complete, next: [{ to: failed, kind: error }, done] }
  failed: { type: error, code: E_NO }
  done: { type: end }`,
    'a.yaml',
  );
  expect(file).toEqual({ definition: built });
});

test('a body as the model has it is copied; modules in it may be URLs; what is none is a fault', () => {
  const body = { actions: [{ name: 'x', type: 'call' as const, function: 'f', module: 'file:///x.mjs' }] };
  const built = workflow('/a').forEach('each', { items: [], body }).build();
  expect(built.actions[0]).toMatchObject({ body: { actions: [{ module: '/x.mjs' }], flows: [] } });
  expect(body.actions[0]!.module).toBe('file:///x.mjs');
  expect(() =>
    workflow('/a')
      .forEach('each', { items: [], body: {} as never })
      .build(),
  ).toThrow(DefinitionError);
});
