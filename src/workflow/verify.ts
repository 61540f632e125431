// Verification: every fault of a definition at once, each with its place.
//
// Three passes. `checkBounds` makes the value safe to walk (depth, size, text no store can hold, keys that reach a
// prototype) and is iterative, so that nothing hostile costs more than its size. `conform` holds it to the schema.
// `checkMeaning` looks at what no schema says: names, modules and the graph of flows.
//
// A definition that passes can be compiled, stored and run without further checks.

import { conform, isPlainObject } from './conform.js';
import { definitionSchema } from './definition-schema.js';
import { type Fault, type FaultPart, faultAt, formatPath, type Path, quote, type Report } from './fault.js';
import { checkGraph } from './graph.js';
import { parseName } from './namespace.js';

/** Deepest nesting of a definition: levels of objects and lists. */
export const definitionDepthMax = 100;
/** Largest definition: characters of text in a file, or in all keys and strings of a value. */
export const definitionSizeMax = 1_048_576;
/** Most values (objects, lists, scalars) in a definition. */
export const definitionValuesMax = 200_000;
/** Faults after which the rest is not listed. */
export const faultsMax = 1_000;

/** Where a definition came from: turns places in the value into places in what was written. */
export interface Source {
  readonly file: string;
  /** Place of the key or value at `path`, or of the nearest thing around it that was written. */
  locate(path: Path, part: FaultPart): { readonly path: Path; readonly line: number; readonly column: number };
  /** What can be written at `path` in place of the schema's keys. */
  keysAt(path: Path, keys: readonly string[]): readonly string[];
}

/** Every fault of `value` as a WorkflowDefinition; empty when it is one. Ordered by place when there is a source. */
export function verify(value: unknown, source?: Source): Fault[] {
  const faults: Fault[] = [];
  const report: Report = (code, path, message, part = 'value') => {
    if (faults.length >= faultsMax) return;
    if (source === undefined) {
      faults.push(faultAt(code, path, message));
      return;
    }
    const { path: written, line, column } = source.locate(path, part);
    faults.push({ code, message, path: formatPath(written), file: source.file, line, column });
  };
  if (checkBounds(value, report)) {
    conform(value, definitionSchema, [], report, (path, keys) => source?.keysAt(path, keys) ?? keys);
    if (isPlainObject(value)) checkMeaning(value, report);
  }
  return source === undefined
    ? faults
    : faults.sort((left, right) => left.line! - right.line! || left.column! - right.column!);
}

interface Visit {
  readonly value: unknown;
  readonly key: string | number;
  readonly parent: Visit | null;
  readonly depth: number;
}

/** Whether the value may be walked further. Iterative: a value of any depth (or a cycle) ends here. */
export function checkBounds(root: unknown, report: Report): boolean {
  const open: Visit[] = [{ value: root, key: '', parent: null, depth: 0 }];
  let values = 0;
  let characters = 0;
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value, depth } = visit;
    values += 1;
    if (typeof value === 'string') {
      characters += value.length;
      if (characters <= definitionSizeMax) checkText(value, visit, report);
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= definitionDepthMax) {
        report('TOO_DEEP', pathOf(visit).slice(0, 3), `is nested deeper than ${definitionDepthMax} levels`);
        return false;
      }
      if (Array.isArray(value)) {
        values += value.length;
        if (values <= definitionValuesMax) {
          for (let index = value.length - 1; index >= 0; index--) {
            open.push({ value: value[index], key: index, parent: visit, depth: depth + 1 });
          }
        }
      } else {
        for (const key of Object.keys(value)) {
          const member = { value: (value as Record<string, unknown>)[key], key, parent: visit, depth: depth + 1 };
          characters += key.length;
          if (key === '__proto__') report('KEY_RESERVED', pathOf(member), `the key ${quote(key)} is reserved`, 'key');
          else if (characters <= definitionSizeMax) checkText(key, member, report, 'key');
          open.push(member);
        }
      }
    }
    if (values > definitionValuesMax || characters > definitionSizeMax) {
      const limit = `${definitionSizeMax} characters and ${definitionValuesMax} values`;
      report('TOO_LARGE', [], `the definition is too large, accepted are ${limit}`);
      return false;
    }
  }
  return true;
}

function checkText(text: string, visit: Visit, report: Report, part: 'key' | 'value' = 'value'): void {
  if (text.includes('\0')) report('TEXT_INVALID', pathOf(visit), 'holds a NUL character', part);
  else if (/\p{Cs}/u.test(text)) report('TEXT_INVALID', pathOf(visit), 'holds half a surrogate pair', part);
}

function pathOf(visit: Visit): Path {
  const path: (string | number)[] = [];
  for (let at = visit; at.parent !== null; at = at.parent) path.push(at.key);
  return path.reverse();
}

/** What the schema cannot say. Looks only at what has the right shape; the rest was reported by `conform`. */
function checkMeaning(definition: { readonly [key: string]: unknown }, report: Report): void {
  const own = (key: string): unknown => (Object.hasOwn(definition, key) ? definition[key] : undefined);
  const name = own('name');
  if (typeof name === 'string') checkName(name, report);
  const module = own('module');
  if (typeof module === 'string') checkModule(module, ['module'], report);
  const actions = own('actions');
  if (!Array.isArray(actions)) return;
  const firstPlaces = new Map<string, number>();
  actions.forEach((action: unknown, place) => {
    if (!isPlainObject(action)) return;
    const path = ['actions', place];
    if (typeof action.name === 'string') checkActionName(action.name, place, firstPlaces, report);
    if (typeof action.function === 'string') checkFunctionName(action.function, [...path, 'function'], report);
    if (typeof action.module === 'string') checkModule(action.module, [...path, 'module'], report);
    else if (action.type === 'call' && action.module === undefined && module === undefined) {
      report('MODULE_MISSING', path, 'a call needs a module: give the workflow one, or this action', 'key');
    }
  });
  checkGraph(actions, own('flows'), firstPlaces, report);
}

function checkName(name: string, report: Report): void {
  const parsed = parseName(name);
  if (!parsed.ok) report('NAMESPACE_INVALID', ['name'], parsed.fault.message);
  else if (parsed.value !== name) report('NAMESPACE_INVALID', ['name'], `${quote(name)} is not in Unicode form NFC`);
}

function checkActionName(name: string, place: number, firstPlaces: Map<string, number>, report: Report): void {
  const path = ['actions', place, 'name'];
  const first = firstPlaces.get(name);
  if (first !== undefined) {
    const where = `another is action ${first + 1}, this one is action ${place + 1}`;
    report('ACTION_DUPLICATE', path, `two actions are named ${quote(name)}: ${where}`);
    return;
  }
  firstPlaces.set(name, place);
  if (reachesPrototype(name)) {
    report('NAME_INVALID', path, `the name ${quote(name)} is reserved: every JavaScript object has it`);
  } else if (name !== '' && !/^[\p{L}_](?:[\p{L}\p{M}\p{N}_. -]*[\p{L}\p{M}\p{N}_])?$/u.test(name)) {
    const rule = 'a letter or _ first, then letters, digits, _ - . and spaces within';
    report('NAME_INVALID', path, `${quote(name)} is not a name for an action: ${rule}`);
  } else if (name.normalize('NFC') !== name) {
    report('NAME_INVALID', path, `${quote(name)} is not in Unicode form NFC`);
  }
}

function checkFunctionName(name: string, path: Path, report: Report): void {
  if (reachesPrototype(name)) {
    report('NAME_INVALID', path, `the name ${quote(name)} is reserved: every JavaScript object has it`);
  } else if (name !== '' && !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) {
    report('NAME_INVALID', path, `${quote(name)} is not the name of an exported function`);
  }
}

/** Code comes from files only: a URL would be taken for a strange path, or worse, for a URL. */
function checkModule(module: string, path: Path, report: Report): void {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(module)) return;
  report('MODULE_INVALID', path, `found ${quote(module)}, accepted is the path of a file, not a URL`);
}

/** Whether looking `name` up in an ordinary object finds something nobody put there. */
function reachesPrototype(name: string): boolean {
  return name in Object.prototype || name === 'prototype';
}
