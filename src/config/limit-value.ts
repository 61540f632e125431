// A limit as people write it: a whole number, or `unlimited`.

import { type Checked, found, isWord, type Raw, refused, wholeNumberIn } from './raw-value.js';

const limitMax = 999_999_999;

/** Of a throttle. */
export function checkLimit(raw: Raw): Checked<number | 'unlimited'> {
  return checkFrom(0, '0 (nothing runs)', raw);
}

/** Of each key: 0 would hold all of them back for ever, which is for the throttle of the branch. */
export function checkKeyLimit(raw: Raw): Checked<number | 'unlimited'> {
  return checkFrom(1, '1', raw);
}

function checkFrom(least: number, shownLeast: string, raw: Raw): Checked<number | 'unlimited'> {
  if (isWord(raw, 'unlimited')) return { ok: true, value: 'unlimited' };
  const value = wholeNumberIn(raw);
  if (value !== null && value >= least && value <= limitMax) return { ok: true, value };
  const range = `a whole number from ${shownLeast} to ${limitMax.toLocaleString('en-US')}, or unlimited`;
  return refused('VALUE_INVALID', `found ${found(raw)}, accepted is ${range}`);
}
