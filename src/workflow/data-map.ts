// Runtime data maps, read: which variable, in which scope, goes where.
//
// A source is read as the expression `${…}` that says the same, and evaluated in its scope alone.

import type { Template } from '../flow/substitution/ast.js';
import { parseTemplate } from '../flow/substitution/parse.js';
import type { DataMap } from './model.js';
import { isVariableName } from './variable-name.js';

export type TargetScope = 'action' | 'flow' | 'workflow';
/** The runtime configuration is read only. */
export type SourceScope = TargetScope | 'runtime';

/** An entry of a data map. */
export interface PlanMap {
  /** As written. */
  readonly from: string;
  readonly scope: SourceScope;
  /** One expression. */
  readonly source: Template;
  readonly to: { readonly scope: TargetScope; readonly name: string };
}

/** What can be written, for messages. */
export const sourceForms = '"flow.RESULT.total", "workflow.name", "action.name" or "runtime.NAME"';
export const targetForms = '"action.name", "flow.name" or "workflow.name"';

/** @returns `null` when the text is no source */
export function parseSource(text: string): Pick<PlanMap, 'scope' | 'source'> | null {
  const found = /^(action|flow|workflow|runtime)\.(.+)$/s.exec(text);
  if (found === null) return null;
  const scope = found[1] as SourceScope;
  const parsed = parseTemplate(scope === 'runtime' ? `\${runtime ${found[2]}}` : `\${${found[2]}}`);
  if (!parsed.ok || parsed.value.parts.length !== 1) return null;
  const kind = parsed.value.parts[0]!.kind;
  return kind === (scope === 'runtime' ? 'runtime' : 'variable') ? { scope, source: parsed.value } : null;
}

/** @returns `null` when the text is no target, or names a variable that is not to be written */
export function parseTarget(text: string): PlanMap['to'] | null {
  const found = /^(action|flow|workflow)\.([\p{L}_][\p{L}\p{M}\p{N}_]*)$/u.exec(text);
  if (found === null || !isVariableName(found[2])) return null;
  return { scope: found[1] as TargetScope, name: found[2] };
}

/** A verified map as the plan has it: nothing when there is nothing to copy. */
export function planMaps(map: DataMap | undefined): { readonly maps?: readonly PlanMap[] } {
  if (map === undefined || map.length === 0) return {};
  const maps = map.map(({ from, to }) => {
    const source = parseSource(from);
    const target = parseTarget(to);
    if (source === null || target === null) throw new Error(`a data map from ${from} to ${to}; verify it first`);
    return { from, ...source, to: target };
  });
  return { maps };
}
