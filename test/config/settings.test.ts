// Properties set by operation: what is refused, and how they lie over the file's.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/config/fault.js';
import { overlay, settingLengthMax, settingOf, settingPlace } from '../../src/config/settings.js';
import { nearest, type Property, runtimeVariable, type Source } from '../../src/config/tree.js';
import { formatFault } from '../../src/workflow/fault.js';
import type { Json } from '../../src/workflow/model.js';
import { branchOf } from '../../src/workflow/namespace.js';
import { parse, treeOf } from './surroundings.js';

const source: Source = { kind: 'operation', by: 'ann', atMs: 5, version: 7 };

function made(branch: string, property: string, value: Json): Outcome<Property> {
  const place = settingPlace(branch, property);
  return place.ok ? settingOf(place.value, value, source) : place;
}

function setting(branch: string, property: string, value: Json): Property {
  const outcome = made(branch, property, value);
  if (!outcome.ok) throw new Error(outcome.faults.map(formatFault).join('\n'));
  return outcome.value;
}

function codesOf(branch: string, property: string, value: Json): string[] {
  const outcome = made(branch, property, value);
  return outcome.ok ? [] : outcome.faults.map(({ code }) => code);
}

describe('a setting', () => {
  test('has a branch with or without its last "/", a name in any case, and a value that is typed', () => {
    expect(setting('/a', 'priority', 5)).toEqual({
      ...{ branch: '/a/', name: 'PRIORITY', value: 5, written: 5, source },
    });
    expect(setting('/', 'ftp', { host: 'x', ports: [21] })).toMatchObject({ branch: '/', name: 'FTP' });
    expect(setting('/a/', 'LISTENER_CLASSPATH', ['/opt/a', '/opt/b.mjs', '/opt/a']).value).toEqual([
      '/opt/a',
      '/opt/b.mjs',
    ]);
    expect(setting('/a/', 'DEFAULT_FLOW_CHART_ERROR_HANDLER', '/handlers/all').value).toEqual({
      kind: 'workflow',
      name: '/handlers/all',
    });
  });

  test.each<[string, string, unknown, string]>([
    ['a', 'PRIORITY', 1, 'NAMESPACE_INVALID'],
    ['/a/../', 'X', 1, 'NAMESPACE_INVALID'],
    ['/a/', '', 1, 'PROPERTY_INVALID'],
    ['/a/', 'A B', 1, 'PROPERTY_INVALID'],
    ['/a/', 'internal_logger_debug_enabled', true, 'PROPERTY_UNSUPPORTED'],
    ['/a/', 'PRIORITY', 0, 'VALUE_INVALID'],
    ['/a/', 'PRIORITY', '5', 'VALUE_INVALID'],
    ['/a/', 'PRIORITY', 10_001, 'VALUE_INVALID'],
    ['/a/', 'X', null, 'VALUE_INVALID'],
    ['/a/', 'X', undefined, 'VALUE_INVALID'],
    ['/a/', 'X', Number.NaN, 'VALUE_INVALID'],
    ['/a/', 'X', 'a\0b', 'TEXT_INVALID'],
    ['/a/', 'X', JSON.parse('{"__proto__": 1}'), 'KEY_RESERVED'],
    ['/a/', 'LISTENER_CLASSPATH', 'actions', 'PATH_INVALID'],
    ['/a/', 'LISTENER_CLASSPATH', 'http://host/x.mjs', 'PATH_INVALID'],
    ['/a/', 'LISTENER_CLASSPATH', 5, 'VALUE_INVALID'],
    ['/a/', 'DEFAULT_FLOW_CHART_ERROR_HANDLER', 'handlers/all.yaml', 'PATH_INVALID'],
    ['/a/', 'DEFAULT_FLOW_CHART_ERROR_HANDLER', 'all', 'VALUE_INVALID'],
  ])('%s %s %j is refused: %s', (branch, property, value, code) => {
    expect(codesOf(branch, property, value as Json)).toEqual([code]);
  });

  test('is bounded: its name, its value', () => {
    expect(codesOf('/a/', 'X'.repeat(200), 'x'.repeat(settingLengthMax - 2))).toEqual([]);
    expect(codesOf('/a/', 'X'.repeat(201), 1)).toEqual(['PROPERTY_INVALID']);
    expect(codesOf('/a/', 'X', 'x'.repeat(settingLengthMax - 1))).toEqual(['TOO_LARGE']);
  });

  test('what is refused by operation is refused in a file with the same code, and the other way round', () => {
    const names = [
      'PRIORITY',
      'x',
      'CONCURRENCY_THROTTLE',
      'FIFO_SCHEDULING_ENABLED',
      'FAIRNESS_TIME_WINDOW',
      '1',
      'A/B',
    ];
    for (const name of [...names, 'CONCURRENCY_THROTTLE_CLUSTER_WIDE', 'RATE', 'DEFAULT_FLOW_CHART_ERROR_HANDLER']) {
      for (const value of [7, 0, true, '/w/f', [1]]) {
        const inFile = parse(JSON.stringify({ '/a': { [name]: value } }), 'runtime.json');
        const codes = inFile.ok ? [] : inFile.faults.map(({ code }) => code);
        expect(codesOf('/a/', name, value), `${name} ${JSON.stringify(value)}`).toEqual(codes);
      }
    }
  });
});

describe('settings over a file', () => {
  test('hold in its place; what the file says elsewhere holds, and below a setting the nearer one', () => {
    const base = treeOf(parse('/PRIORITY=20\n/a/PRIORITY=5\n/a/b/PRIORITY=7\n/a/X=file', 'runtime.properties'));
    const tree = overlay(base, [setting('/a/', 'PRIORITY', 1), setting('/c/', 'Y', [1]), setting('/a/b/', 'x', 'set')]);
    const priority = (branch: string): unknown => nearest(tree, branch, 'PRIORITY')?.value;
    expect(['/', '/a/', '/a/z/', '/a/b/', '/c/'].map(priority)).toEqual([20, 1, 1, 7, 20]);
    expect(runtimeVariable(tree, '/a/', 'x')).toBe('file');
    expect(runtimeVariable(tree, '/a/b/c/', 'x')).toBe('set');
    expect(runtimeVariable(tree, '/c/', 'Y')).toEqual([1]);
    expect(nearest(tree, '/a/', 'PRIORITY')?.source).toEqual(source);
    // Taken away, the file's are there as they were.
    expect(nearest(base, '/a/', 'PRIORITY')).toMatchObject({ value: 5, source: { kind: 'file', line: 2 } });
    expect(overlay(base, [])).toEqual(base);
  });

  test('random ones answer as a search through the lines, the operations first', () => {
    const branch = fc
      .array(fc.constantFrom('a', 'b'), { maxLength: 3 })
      .map(parts => `/${parts.map(p => `${p}/`).join('')}`);
    const said = fc.uniqueArray(
      fc.record({ branch, name: fc.constantFrom('PRIORITY', 'X'), value: fc.integer({ min: 1, max: 9 }) }),
      { selector: ({ branch: at, name }) => at + name, maxLength: 12 },
    );
    fc.assert(
      fc.property(said, said, branch, (file, operations, asked) => {
        const text = file.map(({ branch: at, name, value }) => `${at}${name}=${value}`).join('\n');
        const tree = overlay(
          treeOf(parse(text, 'runtime.properties')),
          operations.map(each => setting(each.branch, each.name, each.value)),
        );
        for (const name of ['PRIORITY', 'X']) {
          let expected: unknown;
          for (let at = asked; expected === undefined; at = branchOf(at)) {
            const isHere = (each: { branch: string; name: string }): boolean =>
              each.branch === at && each.name === name;
            expected = (operations.find(isHere) ?? file.find(isHere))?.value;
            if (at === '/') break;
          }
          const written = runtimeVariable(tree, asked, name);
          expect(written === undefined ? undefined : Number(written)).toBe(expected);
        }
      }),
    );
  });
});
