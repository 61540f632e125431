// The schema of a definition with the bodies of its for-each actions, whatever their depth: in `definition-schema.ts`, which
// is written out, their lists are open; here their items are what the items of the workflow's own lists are.

import type { Schema } from './conform.js';
import { definitionSchema } from './definition-schema.js';

/** Refers to itself; a value that is walked with it must be bounded in depth. */
export const wholeSchema: Schema = tied();

function tied(): Schema {
  const { actions, flows } = definitionSchema.properties!;
  const variants: Schema[] = [];
  const tiedActions: Schema = { ...actions!, items: { anyOf: variants } };
  for (const variant of actions!.items!.anyOf!) {
    const body = variant.properties!.body;
    variants.push(body === undefined ? variant : withProperty(variant, 'body', bodySchema(body, tiedActions, flows!)));
  }
  return withProperty(definitionSchema, 'actions', tiedActions);
}

function bodySchema(body: Schema, actions: Schema, flows: Schema): Schema {
  return withProperty(withProperty(body, 'actions', actions), 'flows', flows);
}

function withProperty(schema: Schema, name: string, property: Schema): Schema {
  return { ...schema, properties: { ...schema.properties, [name]: property } };
}
