// The canonical text: the definition comes back from it, and it does not depend on how the definition was written.

import fc from 'fast-check';
import fastJsonStringify from 'fast-json-stringify';
import { expect, test } from 'vitest';
import { definitionSchema } from '../../src/workflow/definition-schema.js';
import { definitionYaml } from '../../src/workflow/definition-yaml.js';
import { loadDefinition } from '../../src/workflow/load.js';
import type { Action, WorkflowDefinition } from '../../src/workflow/model.js';
import { definitionText } from '../../src/workflow/serialize.js';
import { verify } from '../../src/workflow/verify.js';
import { seed } from '../seed.js';

const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const common = {
  description: text,
  transactionBreak: fc.boolean(),
  timeoutMs: fc.integer({ min: 1, max: 31_622_400_000 }),
  retry: fc.record(
    {
      retries: fc.integer({ min: 0, max: 1_000 }),
      delayMs: fc.nat(86_400_000),
      factor: fc.double({ min: 1, max: 100, noNaN: true }),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
};
const action = fc.oneof(
  fc.record(
    {
      ...common,
      type: fc.constant('call'),
      function: fc.constant('f'),
      module: text.filter(path => path !== '' && !path.includes(':')),
    },
    { requiredKeys: ['type', 'function'], noNullPrototype: true },
  ),
  fc.record({ ...common, type: fc.constant('null') }, { requiredKeys: ['type'], noNullPrototype: true }),
  fc.record(
    { ...common, type: fc.constant('console'), message: text, stream: fc.constantFrom('stdout', 'stderr') },
    { requiredKeys: ['type', 'message'], noNullPrototype: true },
  ),
);
const definition = fc
  .record(
    {
      name: fc.constant('/a/b'),
      priority: fc.integer({ min: 1, max: 10_000 }),
      description: text,
      module: fc.constant('./m.mjs'),
      list: fc.array(action, { minLength: 1, maxLength: 5 }),
    },
    { requiredKeys: ['name', 'module', 'list'], noNullPrototype: true },
  )
  .map(({ list, ...rest }) => {
    const actions = list.map((item, place) => ({ ...item, name: `a${place}` }) as Action);
    const flows = actions.slice(1).map(({ name }, place) => ({ from: `a${place}`, to: name }));
    return { flows, ...rest, actions } as WorkflowDefinition;
  });

test(`a sound definition comes back from its text exactly, whatever the order of its keys (seed ${seed})`, () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, reversed(member)]),
    );
  };
  const peer = fastJsonStringify(JSON.parse(JSON.stringify(definitionSchema)));
  fc.assert(
    fc.property(definition, value => {
      expect(verify(value)).toEqual([]);
      const canonical = definitionText(value);
      expect(JSON.parse(canonical)).toEqual(value);
      expect(definitionText(reversed(value) as WorkflowDefinition)).toBe(canonical);
      expect(JSON.parse(peer(value))).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

test('actions in bodies have the order of the schema at any depth; items and inputs stay as they are written', () => {
  const x = { flows: [], actions: [{ type: 'null', name: 'x' }] };
  const each = (body: object) => ({ type: 'forEach', name: 'e', items: [{ b: 1, a: [{ d: 1, c: 2 }] }], body });
  const actions = [
    each({ flows: [], actions: [each(x)] }),
    { workflow: '/b', type: 'workflow', input: { b: 1, a: 2 }, name: 'w' },
  ];
  const value = { flows: [{ to: 'w', from: 'e' }], actions, name: '/a' } as unknown as WorkflowDefinition;
  expect(verify(value)).toEqual([]);
  const items = '"items":[{"b":1,"a":[{"d":1,"c":2}]}]';
  expect(definitionText(value)).toBe(
    `{"name":"/a","actions":[{"name":"e","type":"forEach",${items},"body":{"actions":[` +
      `{"name":"e","type":"forEach",${items},"body":{"actions":[{"name":"x","type":"null"}],"flows":[]}}],"flows":[]}},` +
      '{"name":"w","type":"workflow","workflow":"/b","input":{"b":1,"a":2}}],"flows":[{"from":"e","to":"w"}]}',
  );
});

test('joins are kept in both their forms', () => {
  const joined = (join: unknown) =>
    definitionText({ name: '/a', actions: [{ name: 'a', type: 'null', join }], flows: [] } as WorkflowDefinition);
  expect(joined('all')).toContain('"join":"all"');
  expect(joined({ rest: 'keep', wait: 'all' })).toContain('"join":{"wait":"all","rest":"keep"}');
});

test(`a sound definition comes back from its YAML exactly (seed ${seed})`, () => {
  fc.assert(
    fc.property(definition, value => {
      const yaml = definitionYaml(value);
      const loaded = loadDefinition(yaml, 'flow.yaml');
      if ('faults' in loaded) throw new Error(`${JSON.stringify(loaded.faults)} in ${yaml}`);
      expect(definitionText(loaded.definition)).toBe(definitionText(value));
    }),
    { numRuns: 500 },
  );
});

test('the YAML of a definition is what people write', () => {
  const yaml = definitionYaml({
    name: '/a/b',
    actions: [
      { name: 'wait', type: 'null', description: 'two\nlines' },
      { name: 'say', type: 'console', message: 'yes', transactionBreak: true },
    ],
    flows: [{ from: 'wait', to: 'say', condition: "name = 'it''s'" }],
  });
  expect(yaml).toBe(`workflow: /a/b
actions:
  wait:
    type: "null"
    description: |-
      two
      lines
  say:
    type: console
    message: yes
    transactionBreak: true
flows:
  - from: wait
    to: say
    condition: name = 'it''s'
`);
});

test('names that YAML reads as something else come back from it', () => {
  const names = ['null', 'true', 'yes', 'n', 'on', 'a b', 'x-1', '_', 'é.ü', 'next', 'name'];
  const value: WorkflowDefinition = {
    name: '/a/null',
    description: '',
    actions: names.map(name => ({ name, type: 'console', message: `${name}: # "${name}" 'x' \t` })),
    flows: names.slice(1).map((to, at) => ({ from: names[at]!, to })),
  };
  const loaded = loadDefinition(definitionYaml(value), 'flow.yaml');
  expect('faults' in loaded ? loaded.faults : loaded.definition).toEqual(value);
});
