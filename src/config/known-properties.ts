// What the values of the known properties may be, and the names that are refused because nothing heeds them: a throttle
// taken for a variable would let through what it was to hold back.

import { parseName } from '../workflow/namespace.js';
import { modulePaths } from './module-paths.js';
import { absolutePath, type Checked, found, type Raw, refused, type Surroundings, writtenOf } from './raw-value.js';
import type { KnownName, KnownProperties } from './tree.js';

const priorityMax = 10_000;

type Check<Value> = (raw: Raw, surroundings: Surroundings) => Checked<Value>;

const checks: { readonly [Name in KnownName]: Check<KnownProperties[Name]> } = {
  PRIORITY: checkPriority,
  DEFAULT_FLOW_CHART_ERROR_HANDLER: checkErrorHandler,
  LISTENER_CLASSPATH: modulePaths,
};

/** Properties of the original's tree without an effect here. */
const unsupported: ReadonlySet<string> = new Set([
  'CONCURRENCY_THROTTLE',
  'CONCURRENCY_THROTTLE_CLUSTER_WIDE',
  'FIFO_SCHEDULING_ENABLED',
  'FAIRNESS_TIME_WINDOW',
  'INTERNAL_LOGGER_DEBUG_ENABLED',
]);

/** @param name in upper case */
export function isUnsupported(name: string): boolean {
  return unsupported.has(name);
}

/** The value of a property as the tree has it: that of a variable is what was written. @param name in upper case */
export function checkValue(name: string, raw: Raw, surroundings: Surroundings): Checked<unknown> {
  if (Object.hasOwn(checks, name)) return checks[name as KnownName](raw, surroundings);
  return { ok: true, value: writtenOf(raw) };
}

function checkPriority(raw: Raw): Checked<number> {
  const value = raw.kind === 'json' ? raw.value : /^\d{1,9}$/.test(raw.text.trim()) ? Number(raw.text) : Number.NaN;
  const isPriority = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= priorityMax;
  if (isPriority) return { ok: true, value: value as number };
  const range = `a whole number from 1 (highest) to ${priorityMax.toLocaleString('en-US')}`;
  return refused('VALUE_INVALID', `found ${found(raw)}, accepted is ${range}`);
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
