// The schema as data is the model's, and our walk over it says what typebox's compiled validator says.

import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import Compile from 'typebox/compile';
import { expect, test } from 'vitest';
import { conform } from '../../src/workflow/conform.js';
import { definitionSchema } from '../../src/workflow/definition-schema.js';
import { WorkflowDefinition } from '../../src/workflow/model.js';
import { seed } from '../seed.js';
import { expectKnownKeywords } from './schema-keywords.js';

const model: unknown = JSON.parse(JSON.stringify(WorkflowDefinition));

/** The properties that all actions have, and the schema with `...ofEveryAction` in place of them. */
function factored(rest: typeof definitionSchema) {
  const variants = rest.properties!.actions!.items!.anyOf! as { properties: object }[];
  const [first, ...others] = variants.map(({ properties }) => new Map(Object.entries(properties)));
  const isShared = ([key, value]: [string, unknown]) =>
    others.every(other => JSON.stringify(other.get(key)) === JSON.stringify(value));
  const shared = Object.fromEntries([...first!].filter(isShared));
  for (const variant of variants) {
    const own = Object.entries(variant.properties).filter(([key]) => !(key in shared));
    variant.properties = { '...ofEveryAction': null, ...Object.fromEntries(own) };
  }
  return { shared, rest };
}

/** As source text; what fits on a line stands on one, which the formatter keeps. */
function printed(value: unknown, indent: string): string {
  const short = JSON.stringify(value)
    .replaceAll('"...ofEveryAction":null', '...ofEveryAction')
    .replace(/"(\w+)":/g, '$1: ')
    .replaceAll(',', ', ')
    .replace(/^\{(.+)\}$/, '{ $1 }');
  if (typeof value !== 'object' || value === null || indent.length + short.length < 100) return short;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map(item => `${inner}${printed(item, inner)},\n`)
    : Object.entries(value).map(([key, member]) =>
        key.startsWith('...') ? `${inner}${key},\n` : `${inner}${key}: ${printed(member, inner)},\n`,
      );
  return Array.isArray(value) ? `[\n${lines.join('')}${indent}]` : `{\n${lines.join('')}${indent}}`;
}

test('definition-schema.ts is the schema of model.ts', () => {
  if (process.env.UPDATE_SCHEMA) {
    const file = new URL('../../src/workflow/definition-schema.ts', import.meta.url);
    const head = readFileSync(file, 'utf8').replace(/const ofEveryAction[\s\S]*/, '');
    const { shared, rest } = factored(JSON.parse(JSON.stringify(model)));
    const parts = [
      `const ofEveryAction = ${printed(shared, '')};`,
      `export const definitionSchema: Schema = ${printed(rest, '')};`,
    ];
    writeFileSync(file, `${head}${parts.join('\n\n')}\n`);
    return;
  }
  expect(definitionSchema).toEqual(model);
});

test('the model uses only keywords that conform understands', () => expectKnownKeywords(model as object));

test(`conform and typebox agree on random definitions, right and wrong (seed ${seed})`, () => {
  const compiled = Compile(WorkflowDefinition);
  /** The keys of each type of action. */
  const types = new Map(
    definitionSchema.properties!.actions!.items!.anyOf!.map(({ properties }) => [
      properties!.type!.const!,
      new Set(Object.keys(properties!)),
    ]),
  );
  const odd = fc.constantFrom<unknown>(
    null,
    0,
    -1,
    1.5,
    1e12,
    Number.NaN,
    true,
    '',
    'x',
    '5s',
    [],
    {},
    '😀'.repeat(150),
    'x'.repeat(201),
  );
  const mostly = <Value>(right: fc.Arbitrary<Value>) =>
    fc.oneof({ arbitrary: right as fc.Arbitrary<unknown>, weight: 30 }, { arbitrary: odd, weight: 1 });
  const optional = {
    description: mostly(fc.string()),
    start: mostly(fc.boolean()),
    transactionBreak: mostly(fc.boolean()),
    timeoutMs: mostly(fc.integer({ min: 0, max: 32_000_000_000 })),
    retry: mostly(
      fc.record(
        {
          retries: mostly(fc.integer({ min: 0, max: 1_001 })),
          delayMs: mostly(fc.integer({ min: 0, max: 90_000_000 })),
          factor: mostly(fc.double({ min: 0.9, max: 101 })),
        },
        { requiredKeys: [] },
      ),
    ),
    module: mostly(fc.constant('./x.mjs')),
    function: mostly(fc.constant('f')),
    message: mostly(fc.string()),
    stream: mostly(fc.constantFrom('stdout', 'stderr')),
    join: mostly(fc.constantFrom<unknown>('all', { wait: 'first' }, { wait: 'all', rest: 'block' }, { rest: 'keep' })),
    mutex: mostly(fc.constant('m')),
    items: mostly(fc.constantFrom<unknown>('list', [1, { a: 'b' }])),
    from: mostly(fc.constantFrom<unknown>(1, '1')),
    step: mostly(fc.constantFrom<unknown>(-0.5, '1')),
    parallel: mostly(fc.integer({ min: 0, max: 10_001 })),
    rest: mostly(fc.constantFrom('keep', 'cancel', 'block')),
    workflow: mostly(fc.constant('/b')),
    input: mostly(fc.constantFrom({}, { a: [1] })),
    wait: mostly(fc.boolean()),
    body: mostly(
      fc.record({ actions: mostly(fc.constant([1])), flows: mostly(fc.constant([])) }, { requiredKeys: [] }),
    ),
    actions: mostly(fc.array(mostly(fc.constant('a')), { maxLength: 2 })),
    group: mostly(fc.constant('a')),
    do: mostly(fc.constantFrom('complete', 'extend')),
    code: mostly(fc.constant('E')),
  };
  const action = fc.record(
    { name: mostly(fc.constant('a')), type: mostly(fc.constantFrom(...types.keys())), ...optional },
    { requiredKeys: ['name', 'type'] },
  );
  const trimmed = action.map(value => {
    // Random keys rarely fit the type; drop the foreign ones most of the time.
    const own = types.get(value.type as string);
    const isKept = (key: string) => own?.has(key) !== false || (value.description as string)?.length === 3;
    return Object.fromEntries(Object.entries(value).filter(([key]) => isKept(key)));
  });
  const definition = fc
    .record(
      {
        name: mostly(fc.constant('/a')),
        priority: mostly(fc.integer({ min: 0, max: 10_001 })),
        module: mostly(fc.constant('./m.mjs')),
        actions: mostly(fc.array(mostly(trimmed), { maxLength: 3 })),
        flows: mostly(
          fc.array(mostly(fc.record({ from: mostly(fc.constant('a')), to: mostly(fc.constant('b')) })), {
            maxLength: 2,
          }),
        ),
        extra: odd,
      },
      { requiredKeys: ['name', 'actions', 'flows'] },
    )
    .map(({ extra, ...rest }) => (extra === 'x' ? { ...rest, extra } : rest));
  let right = 0;
  fc.assert(
    fc.property(definition, value => {
      let faults = 0;
      conform(
        value,
        definitionSchema,
        [],
        () => faults++,
        (_, keys) => keys,
      );
      const isRight = compiled.Check(value);
      if (isRight) right += 1;
      expect(faults === 0).toBe(isRight);
    }),
    { numRuns: 3_000 },
  );
  expect(right).toBeGreaterThan(100);
});
