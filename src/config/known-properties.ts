// What the values of the known properties may be, and the names that are refused because nothing heeds them: a bound
// taken for a variable would let through what it was to hold back.

import { nearest } from '../workflow/fault.js';
import { parseName } from '../workflow/namespace.js';
import { checkKeyOrder, checkKeyWeights } from './key-properties.js';
import { checkKeyLimit, checkLimit } from './limit-value.js';
import { modulePaths } from './module-paths.js';
import { checkFlag, checkPriority, checkWindow } from './order-properties.js';
import { checkRate } from './rate-value.js';
import { absolutePath, type Checked, found, type Raw, refused, type Surroundings, writtenOf } from './raw-value.js';
import type { KnownName, KnownProperties } from './tree.js';

const userLengthMax = 200;

type Check<Value> = (raw: Raw, surroundings: Surroundings) => Checked<Value>;

const checks: { readonly [Name in KnownName]: Check<KnownProperties[Name]> } = {
  PRIORITY: checkPriority,
  CONCURRENCY_THROTTLE: checkLimit,
  CONCURRENCY_THROTTLE_CLUSTER_WIDE: checkLimit,
  RATE: checkRate,
  KEY_CONCURRENCY_THROTTLE: checkKeyLimit,
  KEY_RATE: checkRate,
  KEY_WEIGHTS: checkKeyWeights,
  KEY_ORDER: checkKeyOrder,
  FIFO_SCHEDULING_ENABLED: checkFlag,
  FAIRNESS_TIME_WINDOW: checkWindow,
  DEFAULT_FLOW_CHART_ERROR_HANDLER: checkErrorHandler,
  LISTENER_CLASSPATH: modulePaths,
  RUN_AS_USER: checkUser,
};

/** Names with a meaning, in the original's tree or to come, that have no effect here. */
const unsupported: ReadonlySet<string> = new Set(['INTERNAL_LOGGER_DEBUG_ENABLED']);

/** The property that a variable's name may be a slip of; `null`: none. @param name in upper case */
export function meantBy(name: string): string | null {
  return Object.hasOwn(checks, name) ? null : nearest(name, Object.keys(checks));
}

/** @param name in upper case */
export function isUnsupported(name: string): boolean {
  return unsupported.has(name);
}

/** The value of a property as the tree has it: that of a variable is what was written. @param name in upper case */
export function checkValue(name: string, raw: Raw, surroundings: Surroundings): Checked<unknown> {
  if (Object.hasOwn(checks, name)) return checks[name as KnownName](raw, surroundings);
  return { ok: true, value: writtenOf(raw) };
}

/** As a workflow's `runAs`. */
function checkUser(raw: Raw): Checked<string> {
  const value = writtenOf(raw);
  const name = typeof value === 'string' ? value.trim() : '';
  if (name !== '' && name.length <= userLengthMax) return { ok: true, value: name };
  return refused(
    'VALUE_INVALID',
    `found ${found(raw)}, accepted is the name of a user, 1 to ${userLengthMax} characters`,
  );
}

/** A definition is told from a name by its ending, as both may begin with a slash. */
function checkErrorHandler(
  raw: Raw,
  surroundings: Surroundings,
): Checked<KnownProperties['DEFAULT_FLOW_CHART_ERROR_HANDLER']> {
  const accepted = 'accepted is the full name of a workflow, or the path of its file (.yaml, .yml, .json)';
  const value = writtenOf(raw);
  if (typeof value !== 'string' || value.trim() === '') {
    return refused('VALUE_INVALID', `found ${found(raw)}, ${accepted}`);
  }
  const text = value.trim();
  if (/\.(ya?ml|json)$/i.test(text)) {
    const file = absolutePath(text, surroundings);
    return file.ok ? { ok: true, value: { kind: 'file', path: file.value } } : file;
  }
  const name = parseName(text);
  if (!name.ok) return refused('VALUE_INVALID', `${name.fault.message}; ${accepted}`);
  return { ok: true, value: { kind: 'workflow', name: name.value } };
}
