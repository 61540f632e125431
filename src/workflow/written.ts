// What a flow context has written, as one JSON object: the names of its own scope, and beside them, under names that are
// nobody else's, what was written in workflow scope and whether the input is part of it.

import type { JsonObject } from './model.js';

/** Object of the variables of workflow scope. */
export const workflowKey = '$workflow';
/** Object of what the triggers of the context keep, by the names of their actions. */
export const triggersKey = '$triggers';
/** Present: the input of the instance is not laid under; the context has one of its own, in what it has written. */
export const ownKey = '$own';

/** The variables that are seen in a flow context: input, over it workflow scope, over it its own. `input` is changed. */
export function variablesOf(input: JsonObject, written: JsonObject | null): JsonObject {
  if (written === null) return input;
  const variables = Object.hasOwn(written, ownKey) ? {} : input;
  const shared = workflowVariables(written);
  if (shared !== null) layOver(variables, shared);
  layOver(variables, written);
  return variables;
}

/** Those of workflow scope; `null` when there are none. */
export function workflowVariables(written: JsonObject): JsonObject | null {
  if (!Object.hasOwn(written, workflowKey)) return null;
  const shared = written[workflowKey];
  return typeof shared === 'object' && shared !== null && !Array.isArray(shared) ? shared : null;
}

/** Those of the context's own scope. */
export function ownVariables(written: JsonObject): JsonObject {
  const own: JsonObject = {};
  layOver(own, written);
  return own;
}

function layOver(target: JsonObject, over: JsonObject): void {
  for (const name of Object.keys(over)) {
    if (name === workflowKey || name === ownKey || name === triggersKey) continue;
    // Assigning this one would set the prototype; defining it does not.
    if (name === '__proto__') {
      Object.defineProperty(target, name, { value: over[name], enumerable: true, configurable: true, writable: true });
    } else target[name] = over[name]!;
  }
}
