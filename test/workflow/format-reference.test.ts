// src/workflow/README.md is what the schema and its comments say, and its example is sound.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { formatReference, referenceFile } from '../../scripts/build-format-reference.js';
import { SchemaModule } from '../../scripts/schema-fields.js';
import { loadDefinition } from '../../src/workflow/load.js';
import * as model from '../../src/workflow/model.js';

const file = readFileSync(referenceFile, 'utf8');

// The compiler reads TypeBox's types: seconds on a machine that does something else besides.
test('the reference of the file format is up to date (npm run docs), and says something of every field', {
  timeout: 120_000,
}, () => {
  const { text, wordless } = formatReference(file);
  expect(text).toBe(file);
  expect(wordless, 'fields of src/workflow/model.ts without a comment').toEqual([]);
  expect(() => formatReference('# no mark')).toThrow('has lost its mark');
});

test('every type of action and every field of it is in the reference', () => {
  const lines = file.split('\n');
  for (const { properties } of model.Action.anyOf) {
    const type = properties.type.const;
    const begin = lines.indexOf(`### Action \`${type}\``);
    expect(begin, type).toBeGreaterThan(0);
    const common = lines.slice(
      lines.indexOf('## Action'),
      lines.indexOf(`### Action \`${model.Action.anyOf[0].properties.type.const}\``),
    );
    const own = lines.slice(begin + 1).slice(
      0,
      lines.slice(begin + 1).findIndex(line => line.startsWith('#')),
    );
    for (const field of Object.keys(properties)) {
      if (field === 'type') continue;
      expect(
        [...common, ...own].some(line => line.startsWith(`| \`${field}\` |`)),
        `${type}.${field}`,
      ).toBe(true);
    }
  }
});

test('its examples have no faults', () => {
  const examples = [...file.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!);
  expect(examples.length).toBeGreaterThan(0);
  for (const text of examples) expect(loadDefinition(text, 'README.md')).not.toHaveProperty('faults');
});

test('comments are found through spreads, other files and functions; without one the description counts', {
  timeout: 120_000,
}, async () => {
  const source = new URL('./described-schema.ts', import.meta.url);
  const module = new SchemaModule(fileURLToPath(source), await import('./described-schema.js'));
  const root = module.exported('Root');
  expect(root.text).toBe('All of it.');
  const fields = module.fields(root);
  expect(fields.map(({ name, text, isRequired }) => [name, text, isRequired])).toEqual([
    ['retry', 'Of another file.', false],
    ['shared', 'Spread into it.', true],
    ['made', 'Made by a function.', true],
    ['inner', 'An object of its own.', true],
    ['described', 'Said by the schema.', true],
    ['silent', '', true],
    ['list', '', true],
  ]);
  expect(module.nameOf(fields[0]!)).toBe('RetryPolicy');
  expect(module.fields(fields[3]!).map(({ name, text }) => [name, text])).toEqual([['deep', 'Deep inside.']]);
  const [one, other] = module.variants(module.items(fields[6]!)!);
  expect([one!.text, other!.text]).toEqual(['The first kind.', '']);
  expect(module.fields(other!).at(-1)).toMatchObject({ name: 'only', text: 'Of the second kind.' });
});
