// The properties file: Java's notation, and every fault with its line.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { javaProperties } from '../../src/config/java-properties.js';
import { seed } from '../seed.js';
import { parse, told, written } from './surroundings.js';

const file = 'runtime.properties';
const pairs = (text: string): [string, string][] =>
  [...javaProperties(text, (offset, message) => expect.fail(`${offset}: ${message}`))].map(({ key, value }) => [
    key,
    value,
  ]);

describe('the notation of Java', () => {
  test.each<[string, [string, string][]]>([
    ['a=1', [['a', '1']]],
    ['a = 1', [['a', '1']]],
    ['a:1', [['a', '1']]],
    ['a 1', [['a', '1']]],
    ['a\t:\t1', [['a', '1']]],
    ['a==1', [['a', '=1']]],
    ['a = : 1', [['a', ': 1']]],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['=1', [['', '1']]],
    ['  a=1  ', [['a', '1  ']]],
    ['# a=1\n! b=2\n  # c=3\nd=4', [['d', '4']]],
    ['# goes on \\\na=1', [['a', '1']]],
    ['a=1#2!3', [['a', '1#2!3']]],
    [
      '\n\n \t\f\na=1\r\nb=2\rc=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
    ],
    [
      'a=1\\\n   2\\\r\n\t3\nb=4',
      [
        ['a', '123'],
        ['b', '4'],
      ],
    ],
    [
      'a=1\\\n\nb=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a=1\\\n# no comment', [['a', '1# no comment']]],
    ['a\\\n  b=1', [['ab', '1']]],
    ['a\\\n=1', [['a', '1']]],
    [
      'a=1\\\\\nb=2',
      [
        ['a', '1\\'],
        ['b', '2'],
      ],
    ],
    ['a\\=b\\:c\\ d=1', [['a=b:c d', '1']]],
    ['a=\\t\\n\\r\\f\\u0041\\u00e9\\q\\#', [['a', '\t\n\r\fA\u00e9q#']]],
    ['a=\\ud83d\\ude00', [['a', '\u{1f600}']]],
    ['a=1\\', [['a', '1']]],
    ['\\\n', []],
    ['C=C:/path', [['C', 'C:/path']]],
    ['', []],
  ])('%j', (text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  test('an escape without its digits is told with its place', () => {
    const told: [number, string][] = [];
    const all = [...javaProperties('a=x\\u12\nb=C:\\users', (offset, message) => told.push([offset, message]))];
    expect(told.map(([offset]) => offset)).toEqual([3, 12]);
    expect(told[0]![1]).toBe('found \\u without four hexadecimal digits; a backslash itself is written \\\\');
    expect(all.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  /** Text that means `plain`, written in one of the many ways. */
  const inSomeWay = (plain: string, choices: readonly number[], isKey: boolean): string =>
    [...plain]
      .map((sign, at) => {
        const choice = choices[at % choices.length]!;
        const units = (): string =>
          Array.from(
            { length: sign.length },
            (_, unit) => `\\u${sign.charCodeAt(unit).toString(16).padStart(4, '0')}`,
          ).join('');
        const goesOn = choice % 5 === 0 ? '\\\n  ' : '';
        const special: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' };
        if (choice % 7 === 0) return goesOn + units();
        if (special[sign] !== undefined) return goesOn + special[sign];
        const mustEscape = /[\\#! ]/.test(sign) || (isKey && /[=:]/.test(sign)) || (at === 0 && /[=:]/.test(sign));
        return goesOn + (mustEscape ? `\\${sign}` : sign);
      })
      .join('');

  test(`any pairs, written in any way, are read back (seed ${seed})`, () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(...'\\=:#! \t\n\rau/'), fc.string({ minLength: 1, maxLength: 1, unit: 'binary' })),
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            key: text.filter(key => key !== ''),
            value: text,
            separator: fc.constantFrom('=', ':', ' ', ' = ', '\t:'),
          }),
        ),
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 20 }),
        fc.constantFrom('\n', '\r', '\r\n', '\n\n# between = \\\n'),
        (all, choices, lineEnd) => {
          const lines = all.map(
            ({ key, value, separator }) =>
              `${inSomeWay(key, choices, true)}${separator}${inSomeWay(value, choices, false)}`,
          );
          expect(pairs(lines.join(lineEnd))).toEqual(all.map(({ key, value }) => [key, value]));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a properties file', () => {
  test('has branches and properties; names in any case, values as they are', () => {
    const text = [
      '# for all',
      '/PRIORITY = 20',
      '/imports/priority=5 ',
      '/imports/nightly/Priority: 50',
      '/imports/ftp_Server = a.example.com',
      '/imports/EMPTY=',
      '/my\\ branch/é/X=1',
    ].join('\n');
    expect(written(parse(text, file))).toEqual({
      '/': { PRIORITY: 20 },
      '/imports/': { PRIORITY: 5, FTP_SERVER: 'a.example.com', EMPTY: '' },
      '/imports/nightly/': { PRIORITY: 50 },
      '/my branch/é/': { X: '1' },
    });
  });

  test('branches are compared in exact case and in one Unicode form, properties in any case', () => {
    expect(written(parse('/A/X=1\n/a/X=2', file))).toEqual({ '/A/': { X: '1' }, '/a/': { X: '2' } });
    expect(told(parse('/e\u0301/x=1\n/\u00e9/X=2', file))).toHaveLength(1);
  });

  test('every fault at once, with line and field', () => {
    const text = [
      'PRIORITY=5',
      '/a/PRIORITY=0',
      '/a/b/PRIORITY=high',
      '/a/../PRIORITY=5',
      '/a/=5',
      '/a/1X=5',
      '/a//X=5',
      '/c/INTERNAL_LOGGER_DEBUG_ENABLED=3',
      '/d/X=\\u12',
      '/d/X=1',
      '/d/Z=\\u0000',
      '/e/Y=\\ud800',
      '  /e/LISTENER_CLASSPATH = http://evil.example/x.mjs',
      '/f/DEFAULT_FLOW_CHART_ERROR_HANDLER=handler',
      '/f/__proto__=1',
    ].join('\n');
    expect(told(parse(text, file))).toEqual([
      'runtime.properties:1:1 PRIORITY: the key does not begin with "/", accepted is a branch and a name, such as /PRIORITY or /branch/PRIORITY (NAMESPACE_INVALID)',
      'runtime.properties:2:13 /a/PRIORITY: found "0", accepted is a whole number from 1 (highest) to 10,000 (VALUE_INVALID)',
      'runtime.properties:3:15 /a/b/PRIORITY: found "high", accepted is a whole number from 1 (highest) to 10,000 (VALUE_INVALID)',
      'runtime.properties:4:1 /a/../PRIORITY: "/a/../" is not a branch: it has a part ".." (NAMESPACE_INVALID)',
      'runtime.properties:5:1 /a/: found nothing behind the last "/": a letter or _ first, then letters, digits, _ - and ., at most 200 (PROPERTY_INVALID)',
      'runtime.properties:6:1 /a/1X: "1X" is not the name of a property: a letter or _ first, then letters, digits, _ - and ., at most 200 (PROPERTY_INVALID)',
      'runtime.properties:7:1 /a//X: "/a//" is not a branch: it has an empty part (NAMESPACE_INVALID)',
      'runtime.properties:8:1 /c/INTERNAL_LOGGER_DEBUG_ENABLED: INTERNAL_LOGGER_DEBUG_ENABLED is not supported: it would have no effect; leave it out (PROPERTY_UNSUPPORTED)',
      'runtime.properties:9:6 found \\u without four hexadecimal digits; a backslash itself is written \\\\ (ESCAPE_INVALID)',
      'runtime.properties:10:1 /d/X: the branch "/d/" has X twice: first in line 9, again in line 10 (PROPERTY_DUPLICATE)',
      'runtime.properties:11:6 /d/Z: holds a NUL character (TEXT_INVALID)',
      'runtime.properties:12:6 /e/Y: holds half a surrogate pair (TEXT_INVALID)',
      'runtime.properties:13:27 /e/LISTENER_CLASSPATH: found "http://evil.example/x.mjs", accepted is the path of a file or folder, not a URL (PATH_INVALID)',
      'runtime.properties:14:37 /f/DEFAULT_FLOW_CHART_ERROR_HANDLER: "handler" is not a workflow name: it must begin with "/"; accepted is the full name of a workflow, or the path of its file (.yaml, .yml, .json) (VALUE_INVALID)',
    ]);
  });

  test('a property that is there twice, in whatever case, is refused with both lines', () => {
    expect(told(parse('/a/X=1\n\n/a/x=1\n/a/X=2', file))).toEqual([
      'runtime.properties:3:1 /a/x: the branch "/a/" has X twice: first in line 1, again in line 3 (PROPERTY_DUPLICATE)',
      'runtime.properties:4:1 /a/X: the branch "/a/" has X twice: first in line 1, again in line 4 (PROPERTY_DUPLICATE)',
    ]);
  });

  test('is bounded: characters, properties, names; and what is told is safe to print', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `/X${at}=1`).join('\n');
    expect(told(parse(many, file))).toEqual([
      'runtime.properties:10001:1 the file has more than 10000 properties (TOO_LARGE)',
    ]);
    expect(told(parse(`/X=${'x'.repeat(1_048_576)}`, file))).toEqual([
      'runtime.properties:1:1 the file is larger than 1048576 characters (TOO_LARGE)',
    ]);
    const odd = told(parse(`/a/${'X'.repeat(5_000)}=1\n/\u001b[2J/X=1\n${'/a'.repeat(101)}/X=1`, file));
    expect(odd).toHaveLength(3);
    for (const line of odd) {
      expect(line.length).toBeLessThan(600);
      expect(line).not.toContain('\u001b');
    }
  });

  test('hostile text takes no longer than its length', () => {
    for (const text of [
      '\\\n'.repeat(500_000),
      '#'.repeat(1_000_000),
      `/a=${'\\ '.repeat(400_000)}`,
      ' '.repeat(1_000_000),
      `${'/'.repeat(900_000)}=1`,
      '=\n'.repeat(400_000),
    ]) {
      const startedMs = performance.now();
      parse(text, file);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    }
  });
});

describe('the values of known properties', () => {
  test('RUN_AS_USER: the name of a user', () => {
    expect(written(parse('/a/run_as_user =  ann ', file))).toEqual({ '/a/': { RUN_AS_USER: 'ann' } });
    for (const name of ['', 'x'.repeat(201)]) {
      expect(told(parse(`/RUN_AS_USER=${name}`, file))).toEqual([
        expect.stringContaining('the name of a user, 1 to 200'),
      ]);
    }
  });

  test('LISTENER_CLASSPATH: files and folders, parted by ",", ":" or ";", relative to the file', () => {
    const paths = (text: string, isWindows = false) =>
      written(parse(`/LISTENER_CLASSPATH=${text}`, file, isWindows))['/']!.LISTENER_CLASSPATH;
    expect(paths('/listeners/database.mjs')).toEqual(['/listeners/database.mjs']);
    expect(paths('/listeners/database.mjs:/reports;own , ../up : own')).toEqual([
      '/listeners/database.mjs',
      '/reports',
      '/etc/millrace/own',
      '/etc/up',
    ]);
    expect(paths('c:/x')).toEqual(['/etc/millrace/c', '/x']);
    // As these tests do not run on Windows, its paths are resolved as names; what matters is that a drive is not cut off.
    expect(paths('C:/x,D:/y:e:z', true)).toEqual(['/etc/millrace/C:/x', '/etc/millrace/D:/y', '/etc/millrace/e:z']);
    for (const bad of [
      '',
      '  ',
      ' : ; ',
      'a:https://x/y.mjs',
      'https://x/y.mjs:a',
      'a,https://x/y.mjs',
      Array.from({ length: 101 }, (_, at) => `p${at}`).join(':'),
      'x'.repeat(5_000),
    ]) {
      expect(told(parse(`/LISTENER_CLASSPATH=${bad}`, file)), bad).toHaveLength(1);
    }
  });

  test('DEFAULT_FLOW_CHART_ERROR_HANDLER: a workflow by its name, or a file by its ending', () => {
    const handler = (text: string) =>
      written(parse(`/DEFAULT_FLOW_CHART_ERROR_HANDLER=${text}`, file))['/']!.DEFAULT_FLOW_CHART_ERROR_HANDLER;
    expect(handler('/handlers/default')).toEqual({ kind: 'workflow', name: '/handlers/default' });
    expect(handler('handlers/default.YAML')).toEqual({ kind: 'file', path: '/etc/millrace/handlers/default.YAML' });
    expect(handler('/opt/default.json')).toEqual({ kind: 'file', path: '/opt/default.json' });
    for (const bad of ['', '/handlers/', 'https://x/default.yaml', '/a/../b']) {
      expect(told(parse(`/DEFAULT_FLOW_CHART_ERROR_HANDLER=${bad}`, file)), bad).toHaveLength(1);
    }
  });
});
