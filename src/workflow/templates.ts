// The properties of actions in which `${…}` stands for values, and the texts in them. What is verified beforehand (names,
// modules, conditions, joins) has none.

import type { Template } from '../flow/substitution/ast.js';
import { isTemplate, parseTemplate } from '../flow/substitution/parse.js';
import { isPlainObject } from './conform.js';
import type { Path, Report } from './fault.js';
import type { Action } from './model.js';
import { placeIn } from './text-place.js';

const substituted: Readonly<Record<Action['type'], readonly string[]>> = {
  call: [],
  null: [],
  console: ['message'],
  forEach: ['items', 'from', 'to', 'step', 'workflow'],
  workflow: ['workflow', 'input'],
  end: [],
  cancel: [],
  group: ['items'],
  error: ['message'],
  script: [],
  // Their parameters alone: what is executed is never put together from values.
  sql: [],
  delay: [],
  manual: [],
  // Not the command: what is executed is never put together from values.
  process: ['arguments', 'workingDirectory', 'environment', 'stdin', 'stdinFile', 'stdoutFile', 'stderrFile'],
  fileExist: ['files', 'excludes'],
  timer: [],
  publish: ['data'],
  message: [],
  auditTrail: [],
};

/** Reports texts with expressions that cannot be read. */
export function checkTemplates(action: { readonly [key: string]: unknown }, path: Path, report: Report): void {
  eachText(action, (text, at) => {
    const parsed = parseTemplate(text);
    if (parsed.ok) return;
    const { code, message, line, column } = parsed.fault;
    report(code, [...path, ...at], message, placeIn(text, line ?? 1, column ?? 1));
  });
}

/**
 * The texts of an action that have expressions, read, each once; nothing when there are none. One that cannot be read was
 * verified before texts had expressions: it stays a text.
 */
export function planTemplates(action: Action): { readonly templates?: readonly Template[] } {
  const templates = new Map<string, Template>();
  eachText(action, text => {
    const parsed = parseTemplate(text);
    if (parsed.ok) templates.set(text, parsed.value);
  });
  return templates.size === 0 ? {} : { templates: [...templates.values()] };
}

function eachText(action: { readonly [key: string]: unknown }, visit: (text: string, path: Path) => void): void {
  const { type } = action;
  if (typeof type !== 'string' || !Object.hasOwn(substituted, type)) return;
  if (type === 'sql' && Array.isArray(action.statements)) {
    for (const [index, statement] of action.statements.entries()) {
      if (!isPlainObject(statement)) continue;
      eachTextIn(statement.parameters, ['statements', index, 'parameters'], visit);
    }
  }
  for (const property of substituted[type as Action['type']]) {
    if (Object.hasOwn(action, property)) eachTextIn(action[property], [property], visit);
  }
}

/** The depth of definitions is bounded. */
function eachTextIn(value: unknown, path: Path, visit: (text: string, path: Path) => void): void {
  if (typeof value === 'string') {
    if (isTemplate(value)) visit(value, path);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) eachTextIn(item, [...path, index], visit);
  } else if (isPlainObject(value)) {
    for (const [key, member] of Object.entries(value)) eachTextIn(member, [...path, key], visit);
  }
}
