// Contexts of one instance at two engines at once: they come to a join, to the end, to the end of a group's items
// and to the same variable together. Never a hang, nothing lost, nothing done twice.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { WorkflowDefinition } from '../../src/workflow/model.js';
import { here, openEngine, temporaryFolder } from './setup.js';

const instances = Number(process.env.INSTANCES ?? 1_000);
const step = { type: 'call', function: 'named' } as const;
const module = './context-actions.mjs';

const definitions: WorkflowDefinition[] = [
  {
    name: '/both/join',
    module,
    actions: [
      { name: 'head', ...step },
      { name: 'left', ...step },
      { name: 'right', ...step },
      { name: 'join', type: 'call', function: 'given', join: 'all' },
    ],
    flows: [
      { from: 'head', to: 'left' },
      { from: 'head', to: 'right' },
      { from: 'left', to: 'join' },
      { from: 'right', to: 'join' },
    ],
  },
  {
    name: '/both/variable',
    module,
    actions: [
      { name: 'head', ...step },
      { name: 'left', type: 'call', function: 'writes' },
      { name: 'right', type: 'call', function: 'writes' },
      { name: 'join', type: 'call', function: 'seen', join: 'all' },
    ],
    flows: [
      { from: 'head', to: 'left' },
      { from: 'head', to: 'right' },
      { from: 'left', to: 'join' },
      { from: 'right', to: 'join' },
    ],
  },
  {
    name: '/both/end',
    module,
    actions: [
      { name: 'head', ...step },
      { name: 'left', type: 'call', function: 'same' },
      { name: 'right', type: 'call', function: 'same' },
    ],
    flows: [
      { from: 'head', to: 'left' },
      { from: 'head', to: 'right' },
    ],
  },
  {
    name: '/both/items',
    module,
    actions: [
      {
        name: 'group',
        type: 'forEach',
        items: [1, 2, 3],
        parallel: 3,
        body: { actions: [{ name: 'item', type: 'call', function: 'item' }] },
      },
      { name: 'after', type: 'call', function: 'given' },
    ],
    flows: [{ from: 'group', to: 'after' }],
  },
];

const expected: Record<string, unknown> = {
  '/both/join': { left: 'left', right: 'right' },
  '/both/variable': { left: 'left', right: 'right', both: true },
  '/both/end': 'same',
  '/both/items': [10, 20, 30],
};

describe.each(['cluster', 'shared'] as const)('two engines, %s', home => {
  test.each(definitions.map(({ name }) => name))(
    `%s: ${instances} instances`,
    async name => {
      const folder = temporaryFolder();
      const engines: Engine[] = [];
      for (const each of ['a', 'b']) {
        const engine = await openEngine(home, folder, { name: each });
        onTestFinished(() => engine.dispose(0));
        engines.push(engine);
      }
      const [a, b] = engines as [Engine, Engine];
      for (const definition of definitions) await a.deploy(definition, here);
      await Promise.all([a.start(), b.start()]);
      const ids = await a.submit(Array.from({ length: instances }, () => ({ workflow: name, input: {} })));
      const results = await Promise.all(ids.map((id, at) => (at % 2 === 0 ? a : b).result(id)));
      const wrong = results.filter(
        ({ state, result }) => state !== 'finished' || JSON.stringify(result) !== JSON.stringify(expected[name]),
      );
      expect(wrong.slice(0, 3)).toEqual([]);
      const ran = `select engine, count(*) from millrace_audit_event where short_name = 'FinishingFlowChart' group by 1`;
      const finished = (await a.query(ran)).map(([, count]) => Number(count));
      expect(finished.reduce((sum, count) => sum + count, 0)).toBe(instances);
      const left = await a.query(`select count(*) from millrace_segment where open > 0`);
      expect(left).toEqual([['0']]);
    },
    120_000,
  );
});
