// Verification: every fault of a definition at once, each with its place.
//
// Three passes. `checkBounds` makes the value safe to walk (depth, size, text no store can hold, keys that reach a
// prototype) and is iterative, so that nothing hostile costs more than its size. `conform` holds it to the schema.
// `checkMeaning` looks at what no schema says: names, modules and the graph of flows.
//
// A definition that passes can be compiled, stored and run without further checks.

import { checkAction, checkModule } from './action-checks.js';
import { checkCalendars } from './calendars.js';
import { conform, isPlainObject } from './conform.js';
import { checkDeadline, checkRunMarks } from './deadline-checks.js';
import { type Fault, type FaultPart, faultAt, formatPath, type Path, quote, type Report } from './fault.js';
import { checkGraph } from './graph.js';
import { bodyDepthMax, type Level, levelsOf } from './levels.js';
import { checkMaps } from './map-checks.js';
import { checkFullName } from './name-checks.js';
import { checkScripts, type ScriptCheck } from './script-checks.js';
import { checkTemplates } from './templates.js';
import { checkTriggerTimes } from './time-checks.js';
import { wholeSchema } from './whole-schema.js';

/** Deepest nesting of a definition: levels of objects and lists. */
export const definitionDepthMax = 100;
/** Largest definition: characters of text in a file, or in all keys and strings of a value. */
export const definitionSizeMax = 1_048_576;
/** Most values (objects, lists, scalars) in a definition. */
export const definitionValuesMax = 200_000;
/** Most actions of a definition, those in bodies included. */
const actionMax = 10_000;
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

/** Whether the branch of a workflow has action modules, by whatever it gives as its name. */
export type BranchModulesCheck = (name: string) => boolean;

/**
 * Every fault of `value` as a WorkflowDefinition; empty when it is one. Ordered by place when there is a source.
 *
 * @param checkScript tells scripts from other texts; without one they are not looked into
 * @param hasBranchModules without one a call needs a module in the definition
 */
export function verify(
  value: unknown,
  source?: Source,
  checkScript?: ScriptCheck,
  hasBranchModules?: BranchModulesCheck,
): Fault[] {
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
    conform(value, wholeSchema, [], report, (path, keys) => source?.keysAt(path, keys) ?? keys);
    if (isPlainObject(value)) {
      checkMeaning(value, report, hasBranchModules);
      if (checkScript !== undefined) checkScripts(value, checkScript, report);
    }
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
function checkMeaning(
  definition: { readonly [key: string]: unknown },
  report: Report,
  hasBranchModules?: BranchModulesCheck,
): void {
  const own = (key: string): unknown => (Object.hasOwn(definition, key) ? definition[key] : undefined);
  const name = own('name');
  if (typeof name === 'string') checkFullName(name, ['name'], report);
  const module = own('module');
  if (typeof module === 'string') checkModule(module, ['module'], report);
  const hasModule = module !== undefined || (typeof name === 'string' && hasBranchModules?.(name) === true);
  const calendars = checkCalendars(own('calendars'), report);
  const deadline = own('deadline');
  if (isPlainObject(deadline)) checkDeadline(deadline, ['deadline'], report);
  const actions = own('actions');
  if (!Array.isArray(actions)) return;
  const flows = own('flows');
  const levels = levelsOf(actions, Array.isArray(flows) ? flows : []);
  const isBounded = checkExtent(levels, report);
  checkTriggerTimes(levels, calendars, report);
  checkRunMarks(levels, report);
  for (const level of levels) {
    level.actions.forEach((action, index) => {
      if (!isPlainObject(action)) return;
      checkAction(action, index, level, hasModule, report);
      checkTemplates(action, [...level.path, 'actions', index], report);
    });
    checkMaps(level.actions, level.flows, level.path, report);
    if (isBounded) checkGraph(level, level.around !== null || Array.isArray(flows), report);
  }
}

/** Whether the graph of each level may be looked at: some of that costs more than linear time. */
function checkExtent(levels: readonly Level[], report: Report): boolean {
  const deep = levels.find(({ depth }) => depth > bodyDepthMax);
  if (deep !== undefined) report('TOO_DEEP', deep.path, `bodies are nested deeper than ${bodyDepthMax} levels`, 'key');
  const count = levels.reduce((sum, { actions }) => sum + actions.length, 0);
  // Too many of the workflow's own were told by `conform`.
  if (count > actionMax && levels[0]!.actions.length <= actionMax) {
    const message = `has ${count} actions with those of all bodies, accepted are up to ${actionMax}`;
    report('TOO_LARGE', ['actions'], message, 'key');
  }
  return deep === undefined && count <= actionMax;
}
