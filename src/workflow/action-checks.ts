// What is wrong with an action by itself: its names, its module, properties that do not go together.

import { nearest, type Path, quote, type Report } from './fault.js';
import { checkForEach } from './for-each-checks.js';
import { forEachNamed, type Level, regionNamed } from './levels.js';
import { checkPublisher } from './message-checks.js';
import { checkFullName, checkFunctionName, checkWordName } from './name-checks.js';
import { checkProcess } from './process-checks.js';
import { checkMonitored } from './signal-checks.js';
import { checkStatements } from './sql-checks.js';
import { checkTrigger } from './trigger-checks.js';

type PlainAction = { readonly [key: string]: unknown };

/** @param hasModule the workflow or its branch has one */
export function checkAction(
  action: PlainAction,
  index: number,
  level: Level,
  hasModule: boolean,
  report: Report,
): void {
  const path = [...level.path, 'actions', index];
  if (typeof action.name === 'string') checkActionName(action.name, index, level, report);
  if (typeof action.mutex === 'string') checkWordName(action.mutex, 'a mutex', [...path, 'mutex'], report);
  checkMonitored(action.monitor, [...path, 'monitor'], report);
  switch (action.type) {
    case 'call':
      checkCall(action, hasModule, path, report);
      break;
    case 'forEach':
      checkForEach(action, path, report);
      checkWorkflowName(action.workflow, [...path, 'workflow'], report);
      break;
    case 'workflow':
      checkWorkflowName(action.workflow, [...path, 'workflow'], report);
      break;
    case 'cancel':
      if (Array.isArray(action.actions)) checkRegion(action.actions, index, level, [...path, 'actions'], report);
      break;
    case 'group':
      checkGroup(action, level, path, report);
      break;
    case 'sql':
      if (Array.isArray(action.statements)) checkStatements(action.statements, [...path, 'statements'], report);
      break;
    case 'delay':
    case 'manual':
    case 'fileExist':
    case 'timer':
    case 'auditTrail':
      checkTrigger(action, path, report);
      break;
    case 'message':
      checkTrigger(action, path, report);
      checkPublisher(action, path, report);
      break;
    case 'publish':
      checkPublisher(action, path, report);
      break;
    case 'error':
      if (typeof action.code === 'string') checkWordName(action.code, 'an error', [...path, 'code'], report);
      break;
    case 'process':
      checkProcess(action, path, report);
      break;
  }
}

function checkActionName(name: string, index: number, level: Level, report: Report): void {
  const path = [...level.path, 'actions', index, 'name'];
  const first = level.places.get(name)! - level.placesBefore;
  if (first !== index) {
    const where = `another is action ${first + 1}, this one is action ${index + 1}`;
    report('ACTION_DUPLICATE', path, `two actions are named ${quote(name)}: ${where}`);
    return;
  }
  checkWordName(name, 'an action', path, report);
}

function checkCall(action: PlainAction, hasModule: boolean, path: Path, report: Report): void {
  if (typeof action.function === 'string') checkFunctionName(action.function, [...path, 'function'], report);
  if (typeof action.module === 'string') checkModule(action.module, [...path, 'module'], report);
  else if (action.module === undefined && !hasModule)
    report('MODULE_MISSING', path, 'a call needs a module: give the workflow one, or this action', 'key');
}

/** Code comes from files only: a URL would be taken for a strange path, or worse, for a URL. */
export function checkModule(module: string, path: Path, report: Report): void {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(module)) return;
  report('MODULE_INVALID', path, `found ${quote(module)}, accepted is the path of a file, not a URL`);
}

/** What is substituted when the action is reached is checked then. */
function checkWorkflowName(name: unknown, path: Path, report: Report): void {
  if (typeof name !== 'string' || name.length < 2 || name.includes('${')) return;
  checkFullName(name, path, report);
}

function checkRegion(names: readonly unknown[], index: number, level: Level, path: Path, report: Report): void {
  names.forEach((name, at) => {
    if (typeof name !== 'string') return;
    const places = regionNamed(name, level);
    if (places.length === 0) {
      const near = suggestion(name, level);
      const advice =
        near === null ? 'accepted are those beside this one and in bodies below' : `did you mean ${quote(near)}?`;
      report('CANCEL_UNKNOWN', [...path, at], `no action is named ${quote(name)}; ${advice}`);
    } else if (places[0] === level.placesBefore + index) {
      report('CANCEL_SELF', [...path, at], 'an action cannot withdraw itself; accepted are the names of others');
    }
  });
}

/** Only where there are few names: comparing them costs more than linear time. */
function suggestion(name: string, { places, below }: Level): string | null {
  return places.size + below.size > 100 ? null : nearest(name, [...places.keys(), ...below.keys()]);
}

function checkGroup(action: PlainAction, level: Level, path: Path, report: Report): void {
  if (typeof action.group === 'string' && forEachNamed(action.group, level) === null) {
    const accepted = 'accepted is one beside this action or around it';
    report('GROUP_UNKNOWN', [...path, 'group'], `no forEach is named ${quote(action.group)}; ${accepted}`);
  }
  if (action.do === 'extend' && action.items === undefined) {
    report(
      'GROUP_ITEMS',
      [...path, 'items'],
      'is missing: what the group is extended by, a list or a text that names one',
    );
  } else if (typeof action.do === 'string' && action.do !== 'extend' && action.items !== undefined) {
    report('GROUP_ITEMS', [...path, 'items'], 'only do: extend takes items; leave this out', 'key');
  }
}
