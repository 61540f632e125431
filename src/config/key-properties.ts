// The properties of a branch about the keys of its instances (tenants, customers): what their values may be.

import { type KeyRules, type KeyWeights, keyBytesMax } from '../queue/key-rules.js';
import { quote } from '../workflow/fault.js';
import { type Checked, found, isWord, type Raw, refused, writtenOf } from './raw-value.js';
import { type KnownName, type KnownProperties, nearest, type RuntimeTree } from './tree.js';

const weightMax = 1_000;
const weightsMax = 10_000;
/** Stands for the keys that are not named. */
const others = '*';

export function checkKeyOrder(raw: Raw): Checked<'strict' | 'none'> {
  for (const word of ['strict', 'none'] as const) if (isWord(raw, word)) return { ok: true, value: word };
  return refused('VALUE_INVALID', `found ${found(raw)}, accepted is strict or none`);
}

/** `tenant-a=4, tenant-b=2, *=1`; a key is what stands before the last `=`, without blanks around it. */
export function checkKeyWeights(raw: Raw): Checked<KeyWeights | 'none'> {
  const text = writtenOf(raw);
  const accepted =
    `accepted are keys and their weights, such as tenant-a=4, tenant-b=2, *=1 (whole numbers from 1 to ` +
    `${weightMax.toLocaleString('en-US')}; ${others} for all others, 1 without it), or none`;
  if (typeof text !== 'string' || text.trim() === '')
    return refused('VALUE_INVALID', `found ${found(raw)}, ${accepted}`);
  if (isWord(raw, 'none')) return { ok: true, value: 'none' };
  const parts = text.split(',');
  if (parts.length > weightsMax) {
    return refused(
      'TOO_LARGE',
      `${parts.length} keys have weights, accepted are ${weightsMax.toLocaleString('en-US')}`,
    );
  }
  const of = new Map<string, number>();
  for (const part of parts) {
    const at = part.lastIndexOf('=');
    const key = part.slice(0, Math.max(at, 0)).trim();
    const digits = part.slice(at + 1).trim();
    const weight = /^\d{1,4}$/.test(digits) ? Number(digits) : 0;
    const problem =
      at < 0
        ? 'has no "="'
        : key === ''
          ? 'has no key before the "="'
          : !isKey(key)
            ? `has a key of more than ${keyBytesMax} bytes, or with control characters`
            : weight < 1 || weight > weightMax
              ? `has no weight from 1 to ${weightMax.toLocaleString('en-US')} behind the "="`
              : of.has(key)
                ? 'has a key that is there before'
                : null;
    if (problem !== null) return refused('VALUE_INVALID', `${quote(part.trim())} ${problem}; ${accepted}`);
    of.set(key, weight);
  }
  const rest = of.get(others) ?? 1;
  of.delete(others);
  return { ok: true, value: { of, others: rest } };
}

const names = [
  'KEY_CONCURRENCY_THROTTLE',
  'KEY_RATE',
  'KEY_WEIGHTS',
  'KEY_ORDER',
] as const satisfies readonly KnownName[];

/** The rules for keys of a branch that says something of them; what it does not say it has from above. `null`: it says nothing. O(depth) */
export function keyRulesOf(tree: RuntimeTree, branch: string): KeyRules | null {
  const own = tree.branches.get(branch);
  if (!names.some(name => own?.has(name))) return null;
  const value = <Name extends (typeof names)[number]>(name: Name): KnownProperties[Name] | null =>
    nearest(tree, branch, name)?.value ?? null;
  const limit = value('KEY_CONCURRENCY_THROTTLE');
  const rate = value('KEY_RATE');
  const weights = value('KEY_WEIGHTS');
  return {
    each: { clusterWide: limit === 'unlimited' ? null : limit, rate: rate === 'unlimited' ? null : rate },
    weights: weights === 'none' ? null : weights,
    isStrict: value('KEY_ORDER') === 'strict',
  };
}

function isKey(key: string): boolean {
  return Buffer.byteLength(key) <= keyBytesMax && !/\p{Cc}/u.test(key);
}
