// The check of wipes finds what was started twice, and nothing else.

import { expect, test } from 'vitest';
import type { Effect } from './ledger.js';
import { checkWipes } from './wipe-check.js';

const context = { instance: 'i', workflow: '/w', action: 'a', attempt: 1, idempotencyKey: 'i:0' };
const begin = (execution: string, atMs: number, more: Partial<typeof context> = {}): Effect => ({
  kind: 'begin',
  execution,
  pid: 1,
  atMs,
  ...context,
  ...more,
});
const end = (execution: string, atMs: number): Effect => ({ kind: 'end', execution, instance: 'i', ok: true, atMs });

test('what executes at a wipe and begins again, while it lasts or afterwards, was started twice', () => {
  const twice = [begin('1', 10), begin('2', 25), end('1', 30), end('2', 40)];
  expect(checkWipes(twice, [20])).toMatchObject({ executing: 1, startedTwice: [expect.stringContaining('i a')] });
  const later = [begin('1', 10), end('1', 30), begin('2', 35)];
  expect(checkWipes(later, [20]).startedTwice).toHaveLength(1);
  const cut = [begin('1', 10), begin('2', 35)];
  expect(checkWipes(cut, [20]).startedTwice).toHaveLength(1);
});

test('other work, another attempt, and what had ended or had not begun are no findings', () => {
  const others = [begin('1', 10), end('1', 30), begin('2', 35, { attempt: 2 }), begin('3', 35, { action: 'b' })];
  expect(checkWipes(others, [20])).toEqual({ executing: 1, startedTwice: [] });
  const ended = [begin('1', 10), end('1', 15), begin('2', 35)];
  expect(checkWipes(ended, [20, 5])).toEqual({ executing: 0, startedTwice: [] });
});
