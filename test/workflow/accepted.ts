// What messages say is accepted, where that grows with the model.

import { Action, Flow } from '../../src/workflow/model.js';

/** `"call", "null" …`: the types of actions. */
export const actionTypes = Action.anyOf.map(({ properties }) => JSON.stringify(properties.type.const)).join(', ');

/** `"else" or "error" …`: the kinds of flows. */
export const flowKinds = Flow.properties.kind.anyOf.map(kind => JSON.stringify(kind.const)).join(' or ');
