// What a context begins with or goes on with, as JSON texts: made from what contexts had written before. Pure.

import type { Json, JsonObject } from '../../workflow/model.js';
import { ownKey, workflowKey } from '../../workflow/written.js';
import type { ItemOf, Source } from './happening.js';

/** What a context has written, JSON text of an object; `''`: nothing. Of `errorOf`: what it failed with, JSON text. */
export interface Written {
  of(context: number): string;
  errorOf(context: number): string;
}

/** The text a source stands for. */
export function textOf(source: Source, written: Written): string {
  switch (source.kind) {
    case 'of':
      return written.of(source.context);
    case 'error':
      return textWith(parsed(written.of(source.context)), 'ERROR', JSON.parse(written.errorOf(source.context)) as Json);
    case 'joined': {
      const merged: JsonObject = {};
      const results: JsonObject = {};
      for (const { context, action } of source.arrivals) {
        const variables = parsed(written.of(context));
        layOver(results, { [action]: variables.RESULT ?? null });
        layOver(merged, variables);
      }
      return textWith(merged, 'RESULT', results);
    }
    case 'input': {
      const { RESULT } = parsed(written.of(source.context));
      return textWith(isObject(RESULT) ? RESULT : {}, ownKey, true);
    }
    case 'result':
      return textWith(
        parsed(written.of(source.context)),
        'RESULT',
        source.result === null ? null : (parsed(written.of(source.result)).RESULT ?? null),
      );
    case 'results': {
      const variables = parsed(written.of(source.context));
      delete variables.RESULT;
      if (source.results === null) return JSON.stringify(variables);
      const list = source.results.map(({ context }) => parsed(written.of(context)).RESULT ?? null);
      return textWith(variables, 'RESULT', list);
    }
    case 'item': {
      const variables = source.isOwn ? { [ownKey]: true } : parsed(written.of(source.context));
      delete variables.RESULT;
      if (source.without !== null) delete variables[source.without];
      layOver(variables, { [source.as]: itemOf(source.item, written), [source.indexAs]: source.index });
      return JSON.stringify(variables);
    }
  }
}

function itemOf(item: ItemOf, written: Written): Json {
  if (item.kind === 'number') return item.value;
  const { RESULT } = parsed(written.of(item.context));
  return Array.isArray(RESULT) ? (RESULT[item.at] ?? null) : null;
}

/** JSON text of RESULT of what a context has written; `null`: it has none. */
export function resultText(text: string): string | null {
  const { RESULT } = parsed(text);
  return RESULT === undefined ? null : JSON.stringify(RESULT);
}

/** What was written without what was written in workflow scope, and that; `null`: nothing was. */
export function splitWorkflow(text: string): { readonly own: string; readonly workflow: JsonObject } | null {
  if (!text.includes(`"${workflowKey}"`)) return null;
  const { [workflowKey]: workflow, ...own } = parsed(text);
  return isObject(workflow) ? { own: JSON.stringify(own), workflow } : null;
}

/** What was written, with variables of the workflow scope laid in. */
export function withWorkflow(text: string, variables: JsonObject): string {
  const inner = text === '' || text === '{}' ? '' : `,${text.slice(1, -1)}`;
  return `{"${workflowKey}":${JSON.stringify(variables)}${inner}}`;
}

function parsed(text: string): JsonObject {
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}

function textWith(variables: JsonObject, name: string, value: Json): string {
  return JSON.stringify({ ...variables, [name]: value });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function layOver(target: JsonObject, over: JsonObject): void {
  for (const name of Object.keys(over)) {
    // Assigning this one would set the prototype; defining it does not.
    if (name === '__proto__')
      Object.defineProperty(target, name, { value: over[name], enumerable: true, writable: true });
    else target[name] = over[name]!;
  }
}
