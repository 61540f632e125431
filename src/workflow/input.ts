// What an instance's input may be, and the JSON text of it that is stored. On the path of every submit.
//
// An input is a JSON object of at most 256 KiB and 100 levels. Refused: what no store can hold (NUL, lone surrogates),
// keys that reach a prototype at any depth, and what JSON would silently change or drop (NaN and infinities, functions,
// symbols, BigInt, a Map, `undefined` in a list). A member that is `undefined` is left out, and `toJSON` is honoured
// (dates become text), both as `JSON.stringify` does. Numbers are doubles; of a key given twice in a text the last counts.
//
// Why it is fast (0.8 us for 150 bytes, of which JSON.stringify takes 0.45): safety is judged on the text, by searches that
// almost never hit (`\u` is how JSON.stringify writes NUL and lone surrogates, and nothing common else); only a hit
// pays for the exact walk. What is stored is that text, so a getter that answers differently twice gains nothing.

import { type Parsed, type Path, quote, refuse } from './fault.js';
import { reservedKeys, utf8Bytes } from './namespace.js';

/** Largest input, bytes of its JSON in UTF-8. */
export const inputBytesMax = 262_144;
/** Deepest input, levels of objects and lists. */
export const inputDepthMax = 100;
/** Longest text `checkInputText` reads, characters: an indented text may be longer than what it says. */
export const inputTextLengthMax = 4 * inputBytesMax;

type Refused = Extract<Parsed<string>, { ok: false }>;

/** The JSON text of an input, or the fault `INPUT_INVALID` with the path of what is wrong. Never throws. */
export function checkInput(value: unknown): Parsed<string> {
  try {
    // The types say `string`; of a function or `undefined` it makes nothing.
    const text = JSON.stringify(value) as string | undefined;
    if (text?.charCodeAt(0) !== 0x7b) {
      return refuse('INPUT_INVALID', [], `an input is a JSON object, ${foundAt(value)}`);
    }
    if (text.length > inputBytesMax || (text.length * 3 > inputBytesMax && utf8Bytes(text) > inputBytesMax)) {
      return refuse(
        'INPUT_INVALID',
        [],
        `an input has at most ${inputBytesMax} bytes as JSON, found ${utf8Bytes(text)}`,
      );
    }
    if (isTooDeep(text)) return refuse('INPUT_INVALID', [], `an input is nested at most ${inputDepthMax} levels`);
    const isSuspect = text.includes('\\u') || text.includes('proto') || text.includes('"constructor"');
    const unsafe = isSuspect ? findUnsafe(JSON.parse(text), []) : null;
    if (unsafe !== null) return unsafe;
    return survives(value) ? { ok: true, value: text } : (findLost(value) ?? { ok: true, value: text });
  } catch (error) {
    return whyThrown(value, error);
  }
}

/** As `checkInput`, for an input that comes as JSON text; the text returned is rewritten without spaces. */
export function checkInputText(jsonText: string): Parsed<string> {
  if (jsonText.length > inputTextLengthMax) {
    return refuse(
      'INPUT_INVALID',
      [],
      `an input's text has at most ${inputTextLengthMax} characters, found ${jsonText.length}`,
    );
  }
  if (isTooDeep(jsonText)) return refuse('INPUT_INVALID', [], `an input is nested at most ${inputDepthMax} levels`);
  let value: unknown;
  try {
    value = JSON.parse(jsonText);
  } catch (error) {
    return refuse(
      'INPUT_INVALID',
      [],
      `an input is JSON; ${quote(error instanceof Error ? error.message : String(error))}`,
    );
  }
  return checkInput(value);
}

/** Whether brackets outside strings nest too deeply. Most texts are settled by their length or count of brackets. */
function isTooDeep(text: string): boolean {
  if (text.length <= 2 * inputDepthMax) return false;
  let openings = 0;
  for (const bracket of '{[') {
    for (let at = text.indexOf(bracket); at !== -1 && openings <= inputDepthMax; at = text.indexOf(bracket, at + 1))
      openings += 1;
  }
  if (openings <= inputDepthMax) return false;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (inString) {
      if (unit === 0x5c) index += 1;
      else if (unit === 0x22) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x7b || unit === 0x5b) {
      depth += 1;
      if (depth > inputDepthMax) return true;
    } else if (unit === 0x7d || unit === 0x5d) depth -= 1;
  }
  return false;
}

/** Whether JSON keeps all of a value. May say no too often (inherited members); `findLost` then looks exactly. */
function survives(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isKept(value);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return true;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++)
      if (value[index] === undefined || !survives(value[index])) return false;
    return true;
  }
  let isEmpty = true;
  for (const key in value) {
    isEmpty = false;
    // Each type by itself, primitives first: this loop is the price of every submit.
    const member = (value as Record<string, unknown>)[key];
    const type = typeof member;
    if (type === 'string' || type === 'boolean') continue;
    if (type === 'object' ? !survives(member) : !isKept(member)) return false;
  }
  // A Map, a Set, an Error and the like have no members JSON can see.
  return !isEmpty || hasMembers(value);
}

function isKept(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value);
    case 'function':
    case 'symbol':
    case 'bigint':
      return false;
    default:
      return true;
  }
}

/** Whether what JSON sees of an object is what it holds: `{}` is empty, a Map only looks so. */
function hasMembers(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null || Object.keys(value).length > 0;
}

/** JSON.stringify (or a getter) threw: a BigInt, a cycle and depth have a place, anything else has its own words. */
function whyThrown(value: unknown, error: unknown): Refused {
  try {
    const lost = findLost(value);
    if (lost !== null) return lost;
  } catch {
    // The same getter again; what it said the first time is the answer.
  }
  return refuse(
    'INPUT_INVALID',
    [],
    `an input is JSON; ${quote(error instanceof Error ? error.message : String(error))}`,
  );
}

/** The first own member that JSON cannot hold, by an exact walk. */
function findLost(root: unknown): Refused | null {
  const open: { value: unknown; path: Path; within: readonly unknown[] }[] = [{ value: root, path: [], within: [] }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value, path, within } = visit;
    if (!isKept(value) || (value === undefined && typeof path.at(-1) === 'number')) {
      return refuse('INPUT_INVALID', path, `an input is JSON, ${foundAt(value)}`);
    }
    if (typeof value !== 'object' || value === null) continue;
    if (within.includes(value))
      return refuse('INPUT_INVALID', path, 'an input is JSON, found an object that holds itself');
    if (path.length >= inputDepthMax) {
      return refuse('INPUT_INVALID', path.slice(0, 3), `an input is nested at most ${inputDepthMax} levels`);
    }
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') continue;
    if (!Array.isArray(value) && !hasMembers(value)) {
      return refuse('INPUT_INVALID', path, `an input is JSON, ${foundAt(value)}`);
    }
    // Not the list's own keys: holes count, as `undefined`.
    const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    for (const key of keys.reverse()) {
      const member = (value as Record<string | number, unknown>)[key];
      open.push({ value: member, path: [...path, key], within: [...within, value] });
    }
  }
  return null;
}

/** The first key or text that must not be stored. `value` is fresh from JSON.parse and no deeper than allowed. */
function findUnsafe(value: unknown, path: Path): Refused | null {
  if (typeof value === 'string') return findUnsafeText(value, path);
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const fault = findUnsafe(item, [...path, index]);
      if (fault !== null) return fault;
    }
    return null;
  }
  for (const [key, member] of Object.entries(value)) {
    const inner = [...path, key];
    if (reservedKeys.includes(key)) return refuse('INPUT_INVALID', inner, `the key ${quote(key)} is reserved`);
    const fault = findUnsafeText(key, inner) ?? findUnsafe(member, inner);
    if (fault !== null) return fault;
  }
  return null;
}

function findUnsafeText(text: string, path: Path): Refused | null {
  if (text.includes('\0')) return refuse('INPUT_INVALID', path, 'holds a NUL character');
  if (/\p{Cs}/u.test(text)) return refuse('INPUT_INVALID', path, 'holds half a surrogate pair');
  return null;
}

function foundAt(value: unknown): string {
  if (Array.isArray(value)) return 'found a list';
  if (value === null || value === undefined || typeof value === 'number') return `found ${value}`;
  if (typeof value !== 'object') return `found a ${typeof value}`;
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== 'Object' ? `found a ${quote(name)}` : 'found an object';
}
