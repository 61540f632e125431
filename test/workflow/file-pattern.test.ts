// Patterns of files, and what verification says of them and of processes.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is substituted is written so

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameMatches, partsOf, pathMatches } from '../../src/workflow/file-pattern.js';
import { verify } from '../../src/workflow/verify.js';
import { seed } from '../seed.js';

describe('a pattern', () => {
  test.each([
    ['/in/*.csv', '/in/a.csv', true],
    ['/in/*.csv', '/in/a.csvx', false],
    ['/in/*.csv', '/in/sub/a.csv', false],
    ['/in/?.csv', '/in/ab.csv', false],
    ['/in/**/a.csv', '/in/a.csv', true],
    ['/in/**/a.csv', '/in/x/y/a.csv', true],
    ['/in/**/*/a.csv', '/in/a.csv', false],
    ['/**/in/**/a', '/x/in/y/a', true],
    ['/in//a', '/in/a', true],
    ['/in/$(id)', '/in/$(id)', true],
    ['/in/a\n*', '/in/a\nb', true],
  ])('%j and %j: %s', (pattern, path, matches) => {
    expect(pathMatches(partsOf(pattern), path)).toBe(matches);
  });

  test(`of a name is as a regular expression says (seed ${seed})`, () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const body = pattern.replaceAll('.', '\\.').replaceAll('*', '[^]*').replaceAll('?', '[^]');
        expect(nameMatches(pattern, name)).toBe(new RegExp(`^${body}$`).test(name));
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test('of many stars takes no longer than both lengths times each other', () => {
    expect(nameMatches('*a'.repeat(120), `${'a'.repeat(119)}${'b'.repeat(136)}`)).toBe(false);
  });
});

const faultsOf = (action: object): string[] => {
  const verified = verify({ name: '/a', actions: [{ name: 'x', ...action }], flows: [] });
  return verified.map(({ code, path, message }) => `${code} ${path}: ${message}`);
};
const process = (more: object): object => ({ type: 'process', command: 'true', ...more });
const files = (more: object): object => ({ type: 'fileExist', files: ['/in/*'], ...more });

describe('verification', () => {
  test.each([
    [process({ command: './x' }), /^PROCESS_INVALID actions\[0\]\.command: .*absolute path, or a name/],
    [process({ command: 'x\0y' }), /^TEXT_INVALID|NUL/],
    [process({ command: '/proc/self/exe' }), /^PROCESS_INVALID .*not of a device or process/],
    [process({ command: '/bin/../x' }), /^PROCESS_INVALID .*"\." or "\.\."/],
    [process({ command: '${tool}' }), /^PROCESS_INVALID .*nothing is substituted/],
    [process({ workingDirectory: '../..' }), /^PROCESS_INVALID actions\[0\]\.workingDirectory: .*absolute/],
    [process({ stdin: 'a', stdinFile: '/a' }), /^PROCESS_INVALID actions\[0\]\.stdinFile: .*not both/],
    [process({ environment: { 'A B': 'x' } }), /^PROCESS_INVALID actions\[0\]\.environment\["A B"\]/],
    [process({ environment: { A: {} } }), /^PROCESS_INVALID actions\[0\]\.environment\.A: accepted is a text/],
    [process({ errorExitCodes: ['9-1'] }), /^PROCESS_INVALID actions\[0\]\.errorExitCodes\[0\]: .*1-255/],
    [process({ asynchronous: true, keepOutput: true }), /^PROCESS_INVALID actions\[0\]\.keepOutput: .*asynchronous/],
    [process({ arguments: ['${'] }), /^SUBSTITUTION_INVALID actions\[0\]\.arguments\[0\]/],
    [process({ shell: true }), /^KEY_UNKNOWN actions\[0\]\.shell/],
    [files({ files: ['in/*'] }), /^FILES_INVALID actions\[0\]\.files\[0\]: found "in\/\*": it must be absolute/],
    [files({ files: ['/in/**'] }), /^FILES_INVALID .*\*\* stands for folders/],
    [files({ files: ['/in/../x'] }), /^FILES_INVALID/],
    [files({ files: [] }), /^VALUE_INVALID actions\[0\]\.files/],
    [files({ minimum: 5, maximum: 4 }), /^FILES_INVALID actions\[0\]\.maximum: .*less than minimum: 5/],
    [files({ stable: 'soon' }), /^TIME_INVALID actions\[0\]\.stable/],
    [files({ pollEvery: '1m' }), /^TIME_INVALID actions\[0\]\.pollEvery/],
  ])('says what is wrong with %j', (action, message) => {
    expect(faultsOf(action).join('\n')).toMatch(message);
  });

  test('takes what is right', () => {
    expect(faultsOf(process({ arguments: ['$(id)', 5], errorExitCodes: [1, '3-9'], destroyOn: [] }))).toEqual([]);
    expect(faultsOf(process({ asynchronous: true, stdoutFile: '${file}' }))).toEqual([]);
    expect(faultsOf(files({ excludes: ['*.tmp', '/in/**/x'], stable: '+0s', pollEvery: '+1m' }))).toEqual([]);
  });
});
