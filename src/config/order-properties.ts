// The properties of a branch that say in which order, and how much at once, its instances are run: what their values may
// be, and what a tree says of each branch.

import type { KeyRules } from '../queue/key-rules.js';
import type { Rate } from '../queue/rate.js';
import { TimeExpressionError } from '../time/errors.js';
import { durationOf, parseRelative } from '../time/relative/index.js';
import { keyRulesOf } from './key-properties.js';
import { type Checked, found, isWord, type Raw, refused, wholeNumberIn, writtenOf } from './raw-value.js';
import type { KnownName, KnownProperties, RuntimeTree } from './tree.js';

const priorityMax = 10_000;
/** Steps of windows add up to times, which must stay exact. */
const windowMsMax = 366 * 24 * 3_600_000;

export function checkPriority(raw: Raw): Checked<number> {
  const value = wholeNumberIn(raw);
  if (value !== null && value >= 1 && value <= priorityMax) return { ok: true, value };
  const range = `a whole number from 1 (highest) to ${priorityMax.toLocaleString('en-US')}`;
  return refused('VALUE_INVALID', `found ${found(raw)}, accepted is ${range}`);
}

export function checkFlag(raw: Raw): Checked<boolean> {
  const value = raw.kind === 'json' ? raw.value : isWord(raw, 'true') ? true : isWord(raw, 'false') ? false : null;
  if (typeof value === 'boolean') return { ok: true, value };
  return refused('VALUE_INVALID', `found ${found(raw)}, accepted is true or false`);
}

/** A fairness window, in ms. */
export function checkWindow(raw: Raw): Checked<number | 'off'> {
  if (isWord(raw, 'off')) return { ok: true, value: 'off' };
  const text = writtenOf(raw);
  const accepted = 'accepted is a relative time expression of a fixed length up to 366 days, such as +5m, or off';
  if (typeof text !== 'string' || text.trim() === '')
    return refused('VALUE_INVALID', `found ${found(raw)}, ${accepted}`);
  try {
    const value = durationOf(parseRelative(text.trim()));
    if (value > 0 && value <= windowMsMax) return { ok: true, value };
  } catch (error) {
    if (error instanceof TimeExpressionError)
      return refused(
        'VALUE_INVALID',
        `found ${found(raw)}, at character ${error.position} is ${error.found} (expected ${error.expected}); ${accepted}`,
      );
    throw error;
  }
  return refused('VALUE_INVALID', `found ${found(raw)}, ${accepted}`);
}

/** What a branch says itself; `null`: nothing. */
export interface BranchOrder {
  readonly priority: number | null;
  readonly fifo: boolean | null;
  /** In ms. */
  readonly fairness: number | 'off' | null;
  /** Members at most, and those that begin in a time; of one that is `null` any number. */
  readonly throttle: {
    readonly perEngine: number | null;
    readonly clusterWide: number | null;
    readonly rate: Rate | null;
  } | null;
  /** Of its own or in part, so that keys are apart from those of the branches above. */
  readonly keys: KeyRules | null;
}

/** By branch: those that say something. */
export function ordersOf(tree: RuntimeTree): ReadonlyMap<string, BranchOrder> {
  const orders = new Map<string, BranchOrder>();
  for (const [branch, properties] of tree.branches) {
    // The builder has checked them.
    const value = <Name extends KnownName>(name: Name) =>
      (properties.get(name)?.value ?? null) as KnownProperties[Name] | null;
    const order = {
      priority: value('PRIORITY'),
      fifo: value('FIFO_SCHEDULING_ENABLED'),
      fairness: value('FAIRNESS_TIME_WINDOW'),
      throttle: throttleOf({
        perEngine: value('CONCURRENCY_THROTTLE'),
        clusterWide: value('CONCURRENCY_THROTTLE_CLUSTER_WIDE'),
        rate: value('RATE'),
      }),
      keys: keyRulesOf(tree, branch),
    };
    if (Object.values(order).some(each => each !== null)) orders.set(branch, order);
  }
  return orders;
}

type Said<Bound> = Bound | 'unlimited' | null;

function throttleOf(said: {
  readonly perEngine: Said<number>;
  readonly clusterWide: Said<number>;
  readonly rate: Said<Rate>;
}): BranchOrder['throttle'] {
  const boundIn = <Bound>(bound: Said<Bound>): Bound | null => (bound === 'unlimited' ? null : bound);
  const throttle = {
    perEngine: boundIn(said.perEngine),
    clusterWide: boundIn(said.clusterWide),
    rate: boundIn(said.rate),
  };
  return Object.values(throttle).every(bound => bound === null) ? null : throttle;
}
