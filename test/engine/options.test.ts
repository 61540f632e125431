// What the engine's options refuse.

import { expect, test } from 'vitest';
import { type EngineOptions, resolveOptions } from '../../src/engine/options.js';

const wholeNumbers = [
  'threads',
  'concurrency',
  'actionGraceMs',
  'actionBlockedMs',
  'leaseMs',
  'cacheBytes',
  'auditExpirationMs',
  'historyExpirationMs',
  'heartbeatMs',
  'contentsSummaryMs',
  'blockedAfterMs',
  'healthPort',
] as const satisfies readonly (keyof EngineOptions)[];

test.each(wholeNumbers)('%s: a fraction is refused by name', name => {
  const value = name === 'threads' ? 2.5 : 5_000.5;
  expect(() => resolveOptions({ [name]: value })).toThrow(
    new RegExp(`^OPTION_INVALID: ${name}: ${value} must be a whole number from \\d+ to \\d+$`),
  );
  expect(resolveOptions({ [name]: Math.floor(value) })[name]).toBe(Math.floor(value));
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, '2' as unknown as number])('%s threads are refused', threads => {
  expect(() => resolveOptions({ threads })).toThrow('OPTION_INVALID: threads:');
});

test('the heap of a thread need not be whole megabytes', () => {
  expect(resolveOptions({ threadHeapMb: 100.5 }).threadHeapMb).toBe(100.5);
});
