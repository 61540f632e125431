// A property of an action with expressions in it: parsed when the action is prepared, evaluated for each member.

import { ActionFault, type ActionMember } from '../dispatch/action.js';
import { isTemplate, parseTemplate, type SubstitutionContext, substitute } from '../flow/substitution/index.js';
import { zoneNamed } from '../time/zone.js';
import type { Json } from '../workflow/model.js';
import { parseName } from '../workflow/namespace.js';

/** What dates are written in. */
const zone = zoneNamed('UTC');

type Evaluate<Value> = (context: SubstitutionContext) => Value;

/**
 * What gives the value of a property for a member: in all texts of it, however deep, `${...}` is put in. What it gives throws
 * ActionFault with the code of the substitution that failed.
 *
 * @throws {ActionFault} `SUBSTITUTION_INVALID`
 */
export function property(written: unknown): (member: ActionMember) => Json {
  const evaluate = evaluatorOf(written as Json);
  // Nothing to put in: the variables are not even read.
  if (evaluate === null) return () => written as Json;
  return member => evaluate(contextOf(member));
}

/** The full name of a workflow. What it gives throws ActionFault `NAMESPACE_INVALID`. */
export function workflowName(written: string): (member: ActionMember) => string {
  const evaluate = property(written);
  return member => {
    const value = evaluate(member);
    const parsed = parseName(typeof value === 'string' ? value : JSON.stringify(value));
    if (!parsed.ok) throw new ActionFault(parsed.fault.code, parsed.fault.message);
    return parsed.value;
  };
}

function contextOf(member: ActionMember): SubstitutionContext {
  return { scopes: [member.variables()], runtime: () => undefined, atMs: member.nowMs(), zone };
}

/** `null`: there is nothing to put in. */
function evaluatorOf(written: Json): Evaluate<Json> | null {
  if (typeof written === 'string') return isTemplate(written) ? textEvaluator(written) : null;
  if (typeof written !== 'object' || written === null) return null;
  if (Array.isArray(written)) {
    const own = written.map(evaluatorOf);
    if (own.every(evaluate => evaluate === null)) return null;
    return context => written.map((value, at) => valueIn(own[at] ?? null, value, context));
  }
  const own = Object.entries(written).map(([key, value]) => ({ key, value, evaluate: evaluatorOf(value) }));
  if (own.every(({ evaluate }) => evaluate === null)) return null;
  return context => Object.fromEntries(own.map(({ key, value, evaluate }) => [key, valueIn(evaluate, value, context)]));
}

function valueIn(evaluate: Evaluate<Json> | null, written: Json, context: SubstitutionContext): Json {
  return evaluate === null ? written : evaluate(context);
}

function textEvaluator(text: string): Evaluate<Json> {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new ActionFault(parsed.fault.code, parsed.fault.message);
  return context => {
    const substituted = substitute(parsed.value, context);
    if (!substituted.ok) throw new ActionFault(substituted.code, substituted.message);
    return substituted.value;
  };
}
