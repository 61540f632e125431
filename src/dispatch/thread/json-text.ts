// From a value of user code to JSON text, or a refusal. What the store cannot hold or JSON would lose is refused here,
// where the action that made it can still be named.
//
// Costs beside JSON.stringify: 50 ns on 240 ns for an object of five fields, 170 ns on 890 ns for a film of sixteen.

import { ActionFault } from '../action.js';

/** Deeper values overflow the stacks of those who read them. */
const depthMax = 1_000;
/** JSON.stringify escapes NUL and lone surrogates, and only lone ones; PostgreSQL takes neither in a text. */
const unstorable = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f])/;

/**
 * JSON text of `value`; `undefined` is `null`.
 *
 * @param isExact what JSON would turn into something else (NaN into null, dates into texts, maps into nothing) is refused,
 *   too: whoever reads a variable expects what was written
 * @throws {ActionFault} ResultNotJson, ResultTooLarge
 */
export function jsonText(value: unknown, what: string, bytesMax: number, isExact = false): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number' && !isExact) return Number.isFinite(value) ? String(value + 0) : 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  const text = stringify(value, what, isExact);
  if (text.length > bytesMax || (text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax)) {
    const message = `${what} has ${Buffer.byteLength(text)} bytes of JSON; at most ${bytesMax} are kept`;
    throw new ActionFault('ResultTooLarge', message);
  }
  if (text.includes('\\u') && unstorable.test(text)) {
    throw new ActionFault('ResultNotJson', `${what} contains a NUL character or half a surrogate pair`);
  }
  return text;
}

function stringify(value: unknown, what: string, isExact: boolean): string {
  let fault: string | null;
  try {
    fault = typeof value === 'string' ? null : faultOf(value, 0, isExact);
    if (fault === null) return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    // Getters and `toJSON` of the user's that throw, or give what is not JSON.
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ActionFault('ResultNotJson', `${what} is not JSON: ${why}`, { cause });
  }
  throw new ActionFault('ResultNotJson', `${what} is not JSON: it contains ${fault}`);
}

/** What JSON.stringify would drop without a word or cannot do; with `isExact` also what it would change. */
function faultOf(value: unknown, depth: number, isExact: boolean): string | null {
  switch (typeof value) {
    case 'number':
      return isExact && !Number.isFinite(value) ? String(value) : null;
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'bigint':
      return 'a BigInt';
    case 'object':
      break;
    default:
      return null;
  }
  if (value === null) return null;
  if (depth === depthMax) return `a cycle, or more than ${depthMax} levels`;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const fault = faultOf(value[at], depth + 1, isExact);
      if (fault !== null) return fault;
    }
    return null;
  }
  if (isExact && !isPlain(value)) return `a ${value.constructor.name}`;
  // Speaks for itself, as dates do.
  if ('toJSON' in value && typeof value.toJSON === 'function') return null;
  for (const key in value) {
    const inner: unknown = (value as Record<string, unknown>)[key];
    if (typeof inner === 'string' || (typeof inner === 'number' && !isExact)) continue;
    const fault = faultOf(inner, depth + 1, isExact);
    if (fault !== null && Object.hasOwn(value, key)) return fault;
  }
  return null;
}

function isPlain(value: object): boolean {
  return !(value instanceof Date || value instanceof Map || value instanceof Set || ArrayBuffer.isView(value));
}
