// Variables by scope: what an instance came with, what was written before this transaction and what this one has written.
// Values are kept as JSON text, so that nobody shares objects.

import type { Json, JsonObject } from '../../workflow/model.js';
import {
  ownKey,
  ownVariables,
  triggersKey,
  variablesOf,
  workflowKey,
  workflowVariables,
} from '../../workflow/written.js';

/** What a transaction has written, JSON text by name; `null`: nothing. */
export interface Writes {
  readonly result: string | null;
  /** In flow context scope. */
  readonly writes: ReadonlyMap<string, string> | null;
  /** In workflow scope. */
  readonly workflowWrites: ReadonlyMap<string, string> | null;
  /** Laid over the flow context's, and forgotten with the transaction. */
  readonly transients: ReadonlyMap<string, string> | null;
  /** JSON text of all that the context's triggers keep; `null`: as it was. */
  readonly triggersKept: string | null;
  /** Of the current action alone. */
  readonly actionVariables: ReadonlyMap<string, string> | null;
}

/** Variables by scope. */
export interface Scopes {
  readonly action: JsonObject;
  readonly flow: JsonObject;
  readonly workflow: JsonObject;
  /** What is read behind all others; it counts as the flow context's. */
  readonly input: JsonObject;
}

/** `JSON.parse` makes `__proto__` an ordinary property of the object's own. */
export function parseObject(text: string): JsonObject {
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}

/**
 * The variables as an action sees them: input, workflow scope, the flow context's, the action's, each over those before.
 *
 * @param earlier JSON object of what earlier transactions wrote; empty: nothing
 */
export function seenVariables(input: string, earlier: string, own: Writes): JsonObject {
  const { workflowWrites } = own;
  const written = earlier === '' ? null : parseObject(earlier);
  let variables: JsonObject;
  if (workflowWrites === null) variables = variablesOf(parseObject(input), written);
  else {
    const shared = parsedInto({ ...(written === null ? null : workflowVariables(written)) }, workflowWrites);
    variables = variablesOf(parseObject(input), { ...written, [workflowKey]: shared });
  }
  parsedInto(variables, own.writes);
  if (own.result !== null) variables.RESULT = JSON.parse(own.result) as Json;
  if (own.transients !== null) parsedInto(variables, own.transients);
  if (own.actionVariables !== null) parsedInto(variables, own.actionVariables);
  return variables;
}

/**
 * Some of the variables, when this transaction has written all of them: then neither the input nor what was written
 * earlier need be parsed. `null` when it has not.
 *
 * @param names `RESULT` for what conditions call `result` too
 */
export function freshVariables(names: ReadonlySet<string>, own: Writes): JsonObject | null {
  const variables: JsonObject = {};
  for (const name of names) {
    const text = freshText(name, own);
    if (text === undefined) return null;
    variables[name] = JSON.parse(text) as Json;
  }
  return variables;
}

/** What `seenVariables` shows last of all it lays over each other. */
function freshText(name: string, { actionVariables, transients, result, writes }: Writes): string | undefined {
  const above = actionVariables?.get(name) ?? transients?.get(name);
  if (above !== undefined) return above;
  return name === 'RESULT' && result !== null ? result : writes?.get(name);
}

export function scopesOf(input: string, earlier: string, own: Writes): Scopes {
  const written = parseObject(earlier);
  const flow = parsedInto(ownVariables(written), own.writes);
  if (own.result !== null) flow.RESULT = JSON.parse(own.result) as Json;
  return {
    action: parsedInto({}, own.actionVariables),
    flow: parsedInto(flow, own.transients),
    workflow: parsedInto(workflowVariables(written) ?? {}, own.workflowWrites),
    input: Object.hasOwn(written, ownKey) ? {} : parseObject(input),
  };
}

/**
 * JSON text of everything written so far in the flow context's life, or `null` when this transaction wrote nothing.
 *
 * @param isOneOfSeveral of workflow scope only what this transaction wrote: the others write there, too
 */
export function writtenText(earlier: string, own: Writes, isOneOfSeveral: boolean): string | null {
  const { result, writes, workflowWrites, triggersKept } = own;
  if (result === null && writes === null && workflowWrites === null && triggersKept === null) return null;
  const members: string[] = [];
  let shared: JsonObject | null = null;
  if (earlier !== '') {
    const written = parseObject(earlier);
    if (!isOneOfSeveral) shared = workflowVariables(written);
    for (const [name, value] of Object.entries(written)) {
      if (name === workflowKey || writes?.has(name) || (name === 'RESULT' && result !== null)) continue;
      if (name === triggersKey && triggersKept !== null) continue;
      members.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    }
  }
  if (writes !== null) members.push(...texts(writes));
  if (result !== null) members.push(`"RESULT":${result}`);
  if (triggersKept !== null && triggersKept !== '{}') members.push(`"${triggersKey}":${triggersKept}`);
  if (shared !== null || workflowWrites !== null)
    members.push(`"${workflowKey}":${sharedText(shared, workflowWrites)}`);
  return `{${members.join(',')}}`;
}

function sharedText(shared: JsonObject | null, written: ReadonlyMap<string, string> | null): string {
  const members: string[] = [];
  for (const [name, value] of Object.entries(shared ?? {})) {
    if (!written?.has(name)) members.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  }
  if (written !== null) members.push(...texts(written));
  return `{${members.join(',')}}`;
}

function texts(written: ReadonlyMap<string, string>): string[] {
  return Array.from(written, ([name, text]) => `${JSON.stringify(name)}:${text}`);
}

/** Names that are written reach no prototype. */
function parsedInto(target: JsonObject, written: ReadonlyMap<string, string> | null): JsonObject {
  if (written !== null) for (const [name, text] of written) target[name] = JSON.parse(text) as Json;
  return target;
}

/**
 * JSON text of RESULT as an instance leaves with it, or `null` when no action ever gave one.
 *
 * @param own what its last transaction gave
 * @param earlier all it had written before
 */
export function finalResult(own: string | null, earlier: string): string | null {
  if (own !== null) return own;
  if (earlier === '') return null;
  const written = parseObject(earlier);
  return Object.hasOwn(written, 'RESULT') ? JSON.stringify(written.RESULT) : null;
}
