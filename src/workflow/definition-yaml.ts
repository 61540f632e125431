// A definition as people write it: YAML that, read again, is the same definition. Actions are a map from name to action;
// flows stay a list of their own, since `next` would tell nothing of the order of flows of several actions.

import { stringify } from 'yaml';
import type { WorkflowDefinition } from './model.js';

/** `loadDefinition` of it gives the definition back, with its keys in the same order. */
export function definitionYaml({ name, actions, flows, ...rest }: WorkflowDefinition): string {
  const written = {
    workflow: name,
    ...rest,
    actions: Object.fromEntries(actions.map(({ name: key, ...action }) => [key, action])),
    ...(flows.length === 0 ? {} : { flows }),
  };
  return stringify(written, { lineWidth: 0, aliasDuplicateObjects: false });
}
