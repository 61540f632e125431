// Names and branches: bad-inputs 15 to 21, and what a canonical form promises.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { branchOf, isBelow, parseBranch, parseName, utf8Bytes } from '../../src/workflow/namespace.js';
import { seed } from '../seed.js';

const refused: readonly [why: string, name: string][] = [
  ['a part ".."', '/../../etc/passwd'],
  ['a part ".."', '/a/../b'],
  ['a part "."', '/a/./b'],
  ['an empty part', '/a//b'],
  ['like a branch', '//'],
  ['begin with "/"', ''],
  ['begin with "/"', 'a/b'],
  ['the root branch', '/'],
  ['like a branch', '/a/'],
  ['percent-encoded', '/a/%2e%2e/b'],
  ['percent-encoded', '/a%2fb'],
  ['percent-encoded', '/a%2Fb'],
  ['percent-encoded', '/a%00'],
  ['longer than', `/${'a'.repeat(10_000)}`],
  ['longer than', `/${'é'.repeat(512)}`],
  ['levels', '/a'.repeat(101)],
  ['longer than', '/a'.repeat(1_000)],
  ['reserved', '/__proto__'],
  ['reserved', '/constructor/x'],
  ['reserved', '/a/prototype'],
  ['one of', '/x*'],
  ['one of', '/x?'],
  ['one of', '/x[1]'],
  ['one of', '/x{slot}'],
  ['one of', '/x\\y'],
  ['control', '/x\ny'],
  ['control', '/x\0y'],
  ['control', '/x\u001b[31m'],
  ['control', '/x\u007f'],
  ['control', '/x\u0085y'],
  ['control', '/x\u2028y'],
  ['control', '/x\u202ey'],
  ['control', '/x\u200by'],
  ['surrogate', '/x\ud800'],
  ['a space', '/ a'],
  ['a space', '/a /b'],
  ['a space', '/a\u00a0'],
];

describe('parseName', () => {
  test.each(refused)('refuses what has %s: %j', (why, name) => {
    const parsed = parseName(name);
    expect(parsed).toMatchObject({ ok: false, fault: { code: 'NAMESPACE_INVALID' } });
    expect(!parsed.ok && parsed.fault.message).toContain(why);
  });

  test('says so in printable words of bounded length', () => {
    for (const [, name] of refused) {
      const parsed = parseName(name);
      expect(!parsed.ok && parsed.fault.message).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]{1,250}$/u);
    }
  });

  test.each([
    '/a',
    '/flights/score',
    '/a b/c',
    '/100%',
    '/%zz',
    "/it's; $(id)",
    '/toString',
    '/été',
    '/日本/語',
    '/a.b-c_d',
  ])('takes %j as it is', name => expect(parseName(name)).toEqual({ ok: true, value: name }));

  test('takes 1,024 bytes and 100 levels, the most allowed', () => {
    expect(parseName(`/${'a'.repeat(1_023)}`).ok).toBe(true);
    expect(parseName('/a'.repeat(100)).ok).toBe(true);
  });

  test('gives NFC and NFD one name, and keeps case and look-alikes apart', () => {
    const composed = parseName('/caf\u00e9');
    expect(parseName('/cafe\u0301')).toEqual(composed);
    expect(parseName('/A')).not.toEqual(parseName('/a'));
    expect(parseName('/\u0430')).not.toEqual(parseName('/a'));
  });

  test(`is stable: a canonical name parses to itself, and no part of it is hostile (seed ${seed})`, () => {
    const part = fc.oneof(
      fc.constantFrom('a', '..', '', '%41', '__proto__', 'x*', 'e\u0301'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), parts => {
        const parsed = parseName(`/${parts.join('/')}`);
        if (!parsed.ok) return;
        expect(parseName(parsed.value)).toEqual(parsed);
        expect(decodeURIComponent(encodeURIComponent(parsed.value))).toBe(parsed.value);
        expect(new URL(`http://x${encodeURI(parsed.value)}`).pathname.split('/')).not.toContain('..');
        expect(isBelow(parsed.value, branchOf(parsed.value))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('parseBranch', () => {
  test.each(['/', '/a/', '/a/b/'])('takes %j', branch =>
    expect(parseBranch(branch)).toEqual({ ok: true, value: branch }),
  );
  test.each(['', '/a', 'a/', '//', '/a//', '/../', '/a/../', '/*/'])('refuses %j', branch =>
    expect(parseBranch(branch)).toMatchObject({ ok: false, fault: { code: 'NAMESPACE_INVALID' } }),
  );
});

test('branchOf and isBelow follow the tree', () => {
  expect(['/a', '/a/b', '/a/b/', '/a/', '/'].map(branchOf)).toEqual(['/', '/a/', '/a/', '/', '/']);
  expect(isBelow('/a/b', '/a/')).toBe(true);
  expect(isBelow('/a/b/', '/a/')).toBe(true);
  expect(isBelow('/ab', '/a/')).toBe(false);
  expect(isBelow('/a/', '/a/')).toBe(false);
  expect(isBelow('/a', '/')).toBe(true);
});

test(`utf8Bytes counts as Buffer does (seed ${seed})`, () => {
  const text = fc.string({ unit: 'binary' });
  const agrees = (value: string) => utf8Bytes(value) === Buffer.byteLength(value);
  fc.assert(fc.property(text, agrees));
});
