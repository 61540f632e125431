// The same tree as YAML or JSON.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/config/tree.js';
import { parse, told, treeOf, written } from './surroundings.js';

const file = 'runtime.yaml';

test('the two files the README shows are the same tree', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const shown = (notation: string): string =>
    new RegExp(`\`\`\`${notation}\\n(# runtime\\.${notation}[^]*?)\`\`\``).exec(readme)![1]!;
  const tree = written(parse(shown('properties'), 'runtime.properties'));
  expect(tree).toEqual({
    '/': { PRIORITY: 20 },
    '/imports/': { PRIORITY: 5 },
    '/imports/nightly/': { PRIORITY: 100 },
  });
  expect(written(parse(shown('yaml'), file))).toEqual(tree);
});

describe('YAML', () => {
  test('branches begin with "/" and stand below each other; values are JSON', () => {
    const text = `
PRIORITY: 20
/imports:
  priority: 5
  FTP: { host: a.example.com, ports: [21, 2121], tls: null }
  /nightly:
    PRIORITY: 50
    /a/b/:
      X: true
/imports/hourly:
  PRIORITY: 7
  LISTENER_CLASSPATH: [actions, /opt/more]
  DEFAULT_FLOW_CHART_ERROR_HANDLER: /handlers/default
`;
    const outcome = parse(text, file);
    expect(written(outcome)).toEqual({
      '/': { PRIORITY: 20 },
      '/imports/': { PRIORITY: 5, FTP: { host: 'a.example.com', ports: [21, 2121], tls: null } },
      '/imports/nightly/': { PRIORITY: 50 },
      '/imports/nightly/a/b/': { X: true },
      '/imports/hourly/': {
        PRIORITY: 7,
        LISTENER_CLASSPATH: ['/etc/millrace/actions', '/opt/more'],
        DEFAULT_FLOW_CHART_ERROR_HANDLER: { kind: 'workflow', name: '/handlers/default' },
      },
    });
    const line = (branch: string, name: string) => nearest(treeOf(outcome), branch, name)?.source;
    expect([line('/imports/', 'PRIORITY'), line('/imports/hourly/', 'LISTENER_CLASSPATH')]).toEqual(
      [4, 12].map(at => ({ kind: 'file', line: at })),
    );
  });

  test('JSON is read as YAML; a file that says nothing is a tree without branches', () => {
    expect(written(parse('{"/a": {"PRIORITY": 3}}', 'runtime.json'))).toEqual({ '/a/': { PRIORITY: 3 } });
    for (const empty of ['', '\n', '# nothing yet\n  # either', '{}']) {
      expect(written(parse(empty, file)), empty).toEqual({});
    }
  });

  test('every fault at once, with line and field', () => {
    const text = `
PRIORITY: "5"
/a:
  PRIORITY: 1.5
  X:
  Y: .nan
  /../b:
    PRIORITY: 0
    Z: 1
  LIST: [1, .inf]
  1X: 5
/b: 5
/c:
/d: [1]
/e:
  LISTENER_CLASSPATH: [a, 5]
  INTERNAL_LOGGER_DEBUG_ENABLED: true
  V: { __proto__: 1 }
  W: "a\\0b"
`;
    expect(told(parse(text, file))).toEqual([
      'runtime.yaml:2:11 /PRIORITY: found "5", accepted is a whole number from 1 (highest) to 10,000 (VALUE_INVALID)',
      'runtime.yaml:4:13 /a/PRIORITY: found 1.5, accepted is a whole number from 1 (highest) to 10,000 (VALUE_INVALID)',
      expect.stringMatching(/^runtime\.yaml:5:\d /),
      'runtime.yaml:6:6 /a/Y: found ".nan", accepted is text, a number, true or false, a list or a map (VALUE_INVALID)',
      'runtime.yaml:7:3 /a/../b: "/a/../b/" is not a branch: it has a part ".." (NAMESPACE_INVALID)',
      'runtime.yaml:10:13 /a/LIST[1]: found ".inf", accepted is text, a number, true or false, a list or a map (VALUE_INVALID)',
      'runtime.yaml:11:3 /a/1X: "1X" is not the name of a property: a letter or _ first, then letters, digits, _ - and ., at most 200 (PROPERTY_INVALID)',
      'runtime.yaml:12:5 /b/: found "5", accepted is a map of properties, such as PRIORITY: 5, and branches, such as /nightly: (VALUE_INVALID)',
      expect.stringMatching(/^runtime\.yaml:13:\d \/c\/: found nothing, /),
      'runtime.yaml:14:5 /d/: found a list, accepted is a map of properties, such as PRIORITY: 5, and branches, such as /nightly: (VALUE_INVALID)',
      'runtime.yaml:16:23 /e/LISTENER_CLASSPATH: found 5 in the list, accepted is the path of a file or folder (VALUE_INVALID)',
      'runtime.yaml:17:3 /e/INTERNAL_LOGGER_DEBUG_ENABLED: INTERNAL_LOGGER_DEBUG_ENABLED is not supported: it would have no effect; leave it out (PROPERTY_UNSUPPORTED)',
      'runtime.yaml:18:6 /e/V.__proto__: the key "__proto__" is reserved (KEY_RESERVED)',
      'runtime.yaml:19:6 /e/W: holds a NUL character (TEXT_INVALID)',
    ]);
  });

  test('a property that is there twice is refused with both lines, wherever its branch is written', () => {
    expect(told(parse('/a:\n  X: 1\n  x: 2\n/a/b:\n  Y: 1\n/a/:\n  /b:\n    Y: 2', file))).toEqual([
      'runtime.yaml:3:3 /a/x: the branch "/a/" has X twice: first in line 2, again in line 3 (PROPERTY_DUPLICATE)',
      'runtime.yaml:8:5 /a/b/Y: the branch "/a/b/" has Y twice: first in line 5, again in line 8 (PROPERTY_DUPLICATE)',
    ]);
    expect(told(parse('X: 1\nY: 1\nX: 2', file))).toEqual([
      'runtime.yaml:3:1 X: the key "X" is there twice, first in line 1 (KEY_DUPLICATE)',
    ]);
  });

  test('what is no YAML, or too much of it, is refused', () => {
    expect(told(parse('a: [', file))[0]).toMatch(/^runtime\.yaml:1:\d .*\(SYNTAX\)$/);
    expect(told(parse(`X: ${'['.repeat(200)}`, file))[0]).toMatch(/\(TOO_DEEP\)$/);
    expect(told(parse(`X: ${'x'.repeat(1_048_576)}`, file))[0]).toMatch(/\(TOO_LARGE\)$/);
    const many = Array.from({ length: 11_000 }, (_, at) => `X${at}: 1`).join('\n');
    expect(told(parse(many, file))).toEqual([
      'runtime.yaml:10001:1 the file has more than 10000 properties (TOO_LARGE)',
    ]);
    const bomb = `X: &x "${'x'.repeat(400_000)}"\nY: [*x, *x, *x]`;
    expect(told(parse(bomb, file))).toEqual(['runtime.yaml:2:4 /Y: the value is too large (TOO_LARGE)']);
    const startedMs = performance.now();
    const longBranch = `/${'a'.repeat(500_000)}:\n${Array.from({ length: 9_000 }, (_, at) => ` X${at}: 1`).join('\n')}`;
    expect(told(parse(longBranch, file))).toHaveLength(1);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});
