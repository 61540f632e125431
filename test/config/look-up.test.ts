// What holds for a branch: the nearest says.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyTree, hasBranchModules, nearest, runtimeVariable } from '../../src/config/tree.js';
import { seed } from '../seed.js';
import { parse, treeOf } from './surroundings.js';

const tree = treeOf(
  parse(
    `
X: root
PRIORITY: 20
/a:
  X: of a
  /b:
    PRIORITY: 5
  /empty: {}
/toString:
  X: odd
LISTENER_CLASSPATH: "x:y"
`,
    'runtime.yaml',
  ),
);

describe('the nearest property', () => {
  test('is the own one, else that of the nearest branch above, else none', () => {
    const values = ['/', '/a/', '/a/b/', '/a/b/c/d/', '/ab/', '/A/', '/a/empty/'].map(branch => [
      branch,
      nearest(tree, branch, 'PRIORITY')?.value,
      nearest(tree, branch, 'x')?.value,
    ]);
    expect(values).toEqual([
      ['/', 20, 'root'],
      ['/a/', 20, 'of a'],
      ['/a/b/', 5, 'of a'],
      ['/a/b/c/d/', 5, 'of a'],
      ['/ab/', 20, 'root'],
      ['/A/', 20, 'root'],
      ['/a/empty/', 20, 'of a'],
    ]);
    expect(nearest(tree, '/a/b/', 'NONE')).toBeNull();
    expect(nearest(emptyTree, '/a/b/', 'PRIORITY')).toBeNull();
    expect(nearest(tree, '/a/b/c/', 'PRIORITY')).toMatchObject({ branch: '/a/b/', name: 'PRIORITY', value: 5 });
  });

  test('names of every object are names like others', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(nearest(tree, '/a/', name)).toBeNull();
      expect(runtimeVariable(tree, '/a/', name)).toBeUndefined();
    }
    expect(nearest(tree, '/toString/', 'X')?.value).toBe('odd');
  });

  test('a variable is what was written, by its name or with a branch', () => {
    expect(runtimeVariable(tree, '/a/b/', 'x')).toBe('of a');
    expect(runtimeVariable(tree, '/a/b/', '/x')).toBe('root');
    expect(runtimeVariable(tree, '/z/', '/a/b/X')).toBe('of a');
    expect(runtimeVariable(tree, '/z/', '/../X')).toBeUndefined();
    expect(runtimeVariable(tree, '/z/', 'a/X')).toBeUndefined();
    expect(runtimeVariable(tree, '/z/', '')).toBeUndefined();
    expect(runtimeVariable(tree, '/z/', 'LISTENER_CLASSPATH')).toBe('x:y');
    expect(runtimeVariable(tree, '/z/', 'PRIORITY')).toBe(20);
  });

  const part = fc.constantFrom('a', 'b', 'A', 'ab', 'é');
  const branch = fc.array(part, { maxLength: 4 }).map(parts => `/${parts.map(each => `${each}/`).join('')}`);
  const property = fc.constantFrom('PRIORITY', 'X', 'Y');

  test(`a random tree, in both notations, answers as a search through its lines does (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(branch, property, fc.integer({ min: 1, max: 10_000 })), {
          selector: ([at, name]) => `${at}${name}`,
          maxLength: 40,
        }),
        fc.array(branch, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (lines, asked, inLowerCase) => {
          const spelt = (name: string): string => (inLowerCase ? name.toLowerCase() : name);
          const properties = lines.map(([at, name, value]) => `${at}${spelt(name)}=${value}`).join('\n');
          const yaml = JSON.stringify(
            Object.fromEntries(
              [...new Set(lines.map(([at]) => at))].map(at => [
                at,
                Object.fromEntries(
                  lines.filter(([other]) => other === at).map(([, name, value]) => [spelt(name), value]),
                ),
              ]),
            ),
          );
          const trees = [treeOf(parse(properties, 'a.properties')), treeOf(parse(yaml, 'a.json'))];
          for (const at of asked) {
            for (const name of ['PRIORITY', 'X', 'Y']) {
              // By brute force: of all branches that the asked one begins with, the longest.
              const [best] = lines
                .filter(([other, own]) => own === name && at.startsWith(other))
                .sort(([left], [right]) => right.length - left.length);
              for (const each of trees) {
                const found = nearest(each, at, name);
                expect(found === null ? undefined : Number(found.value)).toBe(best?.[2]);
                expect(found?.branch).toBe(best?.[0]);
              }
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('a workflow has modules of its branch when a branch up to the root has them; what is no name has none', () => {
  const own = treeOf(parse('/a:\n  LISTENER_CLASSPATH: x\n', 'runtime.yaml'));
  const names = ['/a/x', '/a/b/x', '/x', '/a', 'a', '', '/a/', '/a//x', '/__proto__/x'];
  expect(names.filter(name => hasBranchModules(own, name))).toEqual(['/a/x', '/a/b/x']);
  expect(names.some(name => hasBranchModules(emptyTree, name))).toBe(false);
});
