// What a text becomes when its expressions are put in.
//
// A text that is one expression becomes its value, whatever its type; else values are written into the text: texts as they
// are, numbers, true and false as in JSON, null as nothing, lists and objects as JSON. What is not there is never silently
// nothing: a mail to nobody or a path without its folder is worse than an error.

import type { BusinessInterval } from '../../time/business-interval.js';
import { TimeExpressionError } from '../../time/errors.js';
import { applyRelative } from '../../time/relative/index.js';
import type { Zone } from '../../time/zone.js';
import { formatPath, quote } from '../../workflow/fault.js';
import type { Json } from '../../workflow/model.js';
import { memberOf, nameIn, type Variables } from '../variables.js';
import type { Expression, Template } from './ast.js';
import { dateText } from './date-text.js';

/** Longest text that a substitution makes, in UTF-16 units. */
export const substitutedLengthMax = 1_048_576;

/** Where values come from. */
export interface SubstitutionContext {
  /** Searched in this order: the action's variables, the flow context's, the workflow's. */
  readonly scopes: readonly Variables[];
  /** A variable of the runtime configuration, as the workflow's branch sees it; `undefined` when there is none. */
  runtime(name: string): Json | undefined;
  /** What `date` takes for now, milliseconds since 1970 in UTC. */
  readonly atMs: number;
  readonly zone: Zone;
  /** Asked when a relative expression moves by business days or holidays. */
  readonly businessInterval?: BusinessInterval;
}

/** Stable codes of what stops a substitution. */
export type SubstitutionFailureCode = 'VARIABLE_MISSING' | 'PROPERTY_MISSING' | 'DATE_IMPOSSIBLE' | 'TEXT_TOO_LONG';

/** `message` names the expression and what it lacks. */
export type Substituted<Value = Json> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: SubstitutionFailureCode; readonly message: string };

/** The value of a text in its context. Values are those of the context, not copies. */
export function substitute({ parts }: Template, context: SubstitutionContext): Substituted {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && only.kind !== 'text') return evaluate(only, context);
  let text = '';
  for (const part of parts) {
    if (part.kind === 'text') text += part.text;
    else {
      const found = evaluate(part, context);
      if (!found.ok) return found;
      text += written(found.value);
    }
    if (text.length > substitutedLengthMax) {
      return failed('TEXT_TOO_LONG', `the text has more than ${substitutedLengthMax} characters with its values in it`);
    }
  }
  return { ok: true, value: text };
}

function written(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}

function evaluate(expression: Expression, context: SubstitutionContext): Substituted {
  switch (expression.kind) {
    case 'variable':
      return variable(expression, context.scopes);
    case 'runtime': {
      const value = context.runtime(expression.name);
      if (value !== undefined) return { ok: true, value };
      return failed('PROPERTY_MISSING', `${quote(expression.written)}: the runtime configuration has no such property`);
    }
    case 'date':
      return date(expression, context);
  }
}

function variable(
  { name, steps, written }: Extract<Expression, { kind: 'variable' }>,
  scopes: readonly Variables[],
): Substituted {
  let value: unknown;
  for (const scope of scopes) {
    const own = nameIn(scope, name);
    if (own === null) continue;
    value = scope[own];
    break;
  }
  let taken = 0;
  while (value !== undefined && taken < steps.length) {
    value = memberOf(value, steps[taken]!);
    taken += 1;
  }
  if (value !== undefined) return { ok: true, value: value as Json };
  return failed('VARIABLE_MISSING', `${quote(written)}: there is no ${formatPath([name, ...steps.slice(0, taken)])}`);
}

function date(
  { relative, format, written }: Extract<Expression, { kind: 'date' }>,
  context: SubstitutionContext,
): Substituted<string> {
  try {
    const applied =
      relative === null ? { kind: 'at' as const, atMs: context.atMs } : applyRelative(relative, context.atMs, context);
    switch (applied.kind) {
      case 'at':
        return { ok: true, value: dateText(format, context.zone.localOf(applied.atMs)) };
      case 'unsatisfiable':
        return failed('DATE_IMPOSSIBLE', `${quote(written)}: ${applied.message}`);
    }
  } catch (error) {
    // Business days are asked for, and there is no business interval.
    if (!(error instanceof TimeExpressionError)) throw error;
    return failed('DATE_IMPOSSIBLE', `${quote(written)}: ${error.found} (expected ${error.expected})`);
  }
}

function failed(code: SubstitutionFailureCode, message: string): Extract<Substituted, { ok: false }> {
  return { ok: false, code, message };
}
