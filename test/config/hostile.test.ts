// Whatever a file holds, it is a tree or a list of faults with places, soon.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest, runtimeVariable } from '../../src/config/tree.js';
import { seed } from '../seed.js';
import { folder, parse, told } from './surroundings.js';

const piece = fc.oneof(
  fc.constantFrom(
    ...['/', '/a', '/a/', '//', '/..', 'PRIORITY', 'priority', '__proto__', 'constructor', 'LISTENER_CLASSPATH'],
    ...['=', ':', ': ', ' ', '\n', '\r\n', '\n  ', '\\', '\\\n', '\\u', '\\u00', '\\u0041', '#', '!', '\t', '"', "'"],
    ...[
      '{',
      '}',
      '[',
      ']',
      '- ',
      '&a ',
      '*a',
      '? ',
      '| ',
      '> ',
      '---\n',
      '...\n',
      '<<: ',
      '~',
      'null',
      '.nan',
      '1e999',
    ],
    ...['5', '0', '10001', 'true', '\0', '\ud800', '\u202e', '\u001b[2J', '\ufeff', 'https://x/y.mjs', 'C:/x'],
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const text = fc.array(piece, { maxLength: 80, size: 'max' }).map(pieces => pieces.join(''));

test.each(['a.properties', 'a.yaml'])(
  `any text as %s is a tree, or faults that can be printed (seed ${seed})`,
  file => {
    fc.assert(
      fc.property(text, all => {
        const outcome = parse(all, file);
        if (outcome.ok) {
          for (const [branch, properties] of outcome.value.branches) {
            expect(branch).toMatch(/^\/(.+\/)?$/);
            for (const name of properties.keys()) {
              expect(nearest(outcome.value, branch, name)!.branch).toBe(branch);
              expect(JSON.parse(JSON.stringify(runtimeVariable(outcome.value, branch, name)))).toEqual(
                runtimeVariable(outcome.value, branch, name),
              );
            }
          }
          return;
        }
        expect(outcome.faults.length).toBeGreaterThan(0);
        const lines = all.split(/\r\n|\r|\n/).length;
        for (const { line, column } of outcome.faults) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThanOrEqual(1);
        }
        for (const line of told(outcome)) {
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          expect(line.length).toBeLessThan(1_000);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(({} as Record<string, unknown>).PRIORITY).toBeUndefined();
  },
);

test.each(['/__proto__/X=1', '/constructor/X=1', '/a/prototype/X=1', '/a/%2e%2e/X=1', '/x*/X=1', '/a/\\nb/X=1'])(
  'a branch that could be taken for something else is refused: %s',
  line => {
    expect(told(parse(line, 'a.properties'))).toEqual([
      expect.stringMatching(/^a\.properties:1:1 .*NAMESPACE_INVALID/),
    ]);
    const [branch] = line.split(/X=/);
    expect(told(parse(JSON.stringify({ [branch!]: { X: 1 } }), `${folder}/a.json`))).toHaveLength(1);
  },
);
