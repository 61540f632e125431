// What the client loads: itself. It is built for browsers as it is for Node.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { idsOf } from '../../src/api/schema/protocol.js';
import { laterBatchKey } from '../../src/client/batch-key.js';
import { createClient, newBatchKey } from '../../src/client/index.js';
import { idsFrom } from '../../src/client/wire.js';
import { splitInstanceId } from '../../src/workflow/instance-id.js';

const built = fileURLToPath(new URL('../../dist/src/client/', import.meta.url));

test('the built client imports nothing outside itself', () => {
  const files = readdirSync(built).filter(file => file.endsWith('.js'));
  expect(files).toContain('index.js');
  for (const file of files) {
    const text = readFileSync(`${built}${file}`, 'utf8');
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      expect(dirname(resolve(built, fileName)), `${file} imports ${fileName}`).toBe(resolve(built));
      expect(fileName.startsWith('./')).toBe(true);
    }
    expect(text, file).not.toMatch(/\b(process|Buffer|require|__dirname)\b[.(]/);
  }
});

test('keys are root ids: UUIDv7, 0000 at their end; counted from the first', () => {
  const key = newBatchKey();
  expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{8}0000$/);
  expect(splitInstanceId(key)).toEqual({ root: key, ordinal: 0 });
  expect(Math.abs(Number.parseInt(key.replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(60_000);
  const keys = Array.from({ length: 10_000 }, (_, number) => laterBatchKey(key, number));
  expect(new Set(keys).size).toBe(10_000);
  expect(keys[0]).toBe(key);
  expect(laterBatchKey('00000000-0000-7000-8000-ffffffff0000', 1)).toBe('00000000-0000-7000-8000-000000000000');
  expect(new Set(Array.from({ length: 1_000 }, () => newBatchKey())).size).toBe(1_000);
  expect(idsFrom(key, 500)).toEqual(idsOf({ first: key, count: 500 }));
});

test('options that cannot be are refused', () => {
  for (const urls of [[], ['localhost:7433'], ['nonsense'], ['http://a/?b'], ['ftp://a'], ['http://me:pw@a']]) {
    expect(() => createClient({ urls })).toThrow('OPTION_INVALID: urls');
  }
  const urls = ['http://127.0.0.1:7433'];
  for (const user of ['', 'Zoë', 'a\nb', ' a', 'x'.repeat(201)]) {
    expect(() => createClient({ urls, user })).toThrow('OPTION_INVALID: user');
  }
  for (const timeoutMs of [0, -1, 0.5, Number.NaN]) {
    expect(() => createClient({ urls, timeoutMs })).toThrow('OPTION_INVALID: timeoutMs');
  }
  createClient({ urls, user: 'x'.repeat(200) });
});
