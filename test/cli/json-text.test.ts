// The command line's own reading of JSON text: where it is broken, where a member stands, where a list's records are.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { offsetOf, placeIn, syntaxFault } from '../../src/cli/json-place.js';
import { formOf, type RecordForm, recordsOf, SplitFault } from '../../src/cli/json-split.js';
import { textOf } from '../../src/cli/utf8.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function* inChunks(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function split(text: string, form: RecordForm, size = 7) {
  const records = [];
  for await (const record of recordsOf(inChunks(text, size), form)) records.push(record);
  return records;
}

test('a text has a fault exactly when JSON.parse refuses it', () => {
  const broken = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', '0', '-', 'e', ' ', '\n', 'x'),
      fc.nat(2),
    )
    .map(
      ([text, at, insert, cut]) =>
        text.slice(0, at % (text.length + 1)) + insert + text.slice((at % (text.length + 1)) + cut),
    );
  fc.assert(
    fc.property(fc.oneof(fc.json(), broken), text => {
      expect(syntaxFault(text) === null).toBe(isJson(text));
    }),
    { numRuns: 3_000 },
  );
});

test('the place of a fault', () => {
  expect(syntaxFault('')).toEqual({ offset: 0, problem: 'the text ends, expected a value' });
  expect(syntaxFault('{"a": 01}')).toEqual({ offset: 7, problem: 'found "1", expected "," or "}"' });
  expect(syntaxFault('["a\nb"]')).toEqual({
    offset: 3,
    problem: 'a line break or control character stands inside a text',
  });
  expect(syntaxFault('['.repeat(100_000))).toMatchObject({ offset: 100_000 });
  expect(placeIn('{\n "a": x}', 8)).toEqual({ line: 2, column: 7 });
  expect(placeIn('abc', 2, { line: 7, column: 5 })).toEqual({ line: 7, column: 7 });
});

test('the place of a member', () => {
  const text = ' {"a": {"b c": [1, {"d": 2}]}, "b": "a"}';
  for (const [path, found] of [
    ['a', '"a": {'],
    ['a["b c"]', '"b c"'],
    ['a["b c"][1]', '{"d"'],
    ['a["b c"][1].d', '"d"'],
    ['b', '"b": "a"'],
    ['nowhere', '{"a"'],
  ] as const) {
    expect(text.slice(offsetOf(text, path))).toMatch(new RegExp(`^${found.replace(/[[{]/g, '\\$&')}`));
  }
});

test('a list is cut into the texts of its elements, whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue()),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 1),
      async (list, size, indent) => {
        const texts = (await split(JSON.stringify(list, null, indent), 'list', size)).map(({ text }) => text);
        expect(texts.map(text => JSON.parse(text) as unknown)).toEqual(JSON.parse(JSON.stringify(list)));
      },
    ),
    { numRuns: 500 },
  );
});

test('records know their line and column; broken lists say where', async () => {
  expect(await split('[ 1,\n  {"a": "]"} ]\n', 'list')).toEqual([
    { index: 0, line: 1, column: 3, text: '1', isCut: false },
    { index: 1, line: 2, column: 3, text: '{"a": "]"}', isCut: false },
  ]);
  expect((await split('\n{"a":1}\n\n {"a":2}', 'lines')).map(({ line, column }) => [line, column])).toEqual([
    [2, 1],
    [4, 2],
  ]);
  await expect(split('[1,,2]', 'list')).rejects.toEqual(new SplitFault(1, 4, 'expected a record'));
  await expect(split('[1,]', 'list')).rejects.toEqual(new SplitFault(1, 4, 'expected a record'));
  await expect(split('[1]\n]', 'list')).rejects.toEqual(new SplitFault(2, 1, 'something follows the end of the list'));
  const [long] = await split(`"${'x'.repeat(2_000_000)}"`, 'single', 65_536);
  expect(long!.isCut).toBe(true);
  expect(long!.text.length).toBeLessThan(1_100_000);
});

test('the form of an input is seen from its beginning', () => {
  expect(formOf(' \n[1]', false)).toBe('list');
  expect(formOf('{"a":1}', false)).toBe('single');
  expect(formOf('{"a":1}\n', false)).toBe('single');
  expect(formOf('{"a":1}\n{"a":2}\n', false)).toBe('lines');
  expect(formOf('{\n"a":1}\n', false)).toBe('single');
  expect(formOf('{"a":1}', true)).toBe('lines');
});

test('bytes become text whatever the chunks; a bad byte ends them at its place', async () => {
  const read = async (bytes: Uint8Array, size: number): Promise<{ text: string; isWhole: boolean }> => {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    );
    let text = '';
    try {
      for await (const part of textOf(chunks)) text += part;
      return { text, isWhole: true };
    } catch {
      return { text, isWhole: false };
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 5 }), async (text, size) => {
      expect(await read(Buffer.from(`\ufeff${text}`), size)).toEqual({ text, isWhole: true });
      const broken = Buffer.concat([Buffer.from(`a${text}`), Buffer.from([0xff, 0x61])]);
      expect(await read(broken, size)).toEqual({ text: `a${text}`, isWhole: false });
    }),
  );
});
