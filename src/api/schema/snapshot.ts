// The snapshot of an instance: GET /v1/instances/:name/export.

import Type, { type Static } from 'typebox';
import type { WorkflowDefinition } from '../../workflow/model.js';
import { anyJson, InstanceId, InstanceKey, jsonObject, nullable, oneOf, Priority, timeMs } from './fields.js';
import { InstanceState } from './instances.js';

/** One flow context. */
export const SnapshotContext = Type.Object({
  context: Type.Integer({ minimum: 0, description: '0 in an instance that has not split' }),
  place: Type.String({ description: 'The action it stands at: everything before has been committed' }),
  state: oneOf(
    ['ready', 'paused', 'failed', 'joining', 'waiting'],
    '`ready` covers what executes and what waits for its time; `joining` stands at a join, `waiting` for what it opened',
  ),
  transaction: Type.Integer({ minimum: 0, description: 'Transactions committed before this one' }),
  attempt: Type.Integer({ minimum: 1, description: 'Of this transaction' }),
  eligibleAtMs: timeMs('May run from'),
  variables: jsonObject(
    'What its transactions have written, `RESULT` among it; over the input, of which a variable may have the name',
  ),
});

/** An instance as it stands at one moment. */
export const Snapshot = Type.Object({
  format: oneOf(['millrace-snapshot'], 'What this is'),
  version: Type.Literal(1),
  exportedAtMs: timeMs('Read'),
  workflow: Type.Object({
    name: Type.String(),
    version: Type.Integer({ minimum: 1, description: 'The one the instance began with' }),
    definition: Type.Unsafe<WorkflowDefinition>({ type: 'object', additionalProperties: true }),
    baseFolder: Type.String({ description: 'Folder on the server its module paths are relative to' }),
  }),
  instance: Type.Object({
    id: InstanceId,
    name: nullable(Type.String({ description: 'Given by the submitter' })),
    submitter: nullable(Type.String()),
    createdAtMs: nullable(timeMs('Submitted')),
    state: InstanceState,
    priority: nullable(Priority),
    key: nullable(InstanceKey),
    finishedAtMs: nullable(timeMs('Ended')),
  }),
  input: anyJson('Its variables at its start; null when its history has expired'),
  variables: jsonObject('Variables in workflow scope, which all its contexts see; empty when it has ended'),
  contexts: Type.Array(SnapshotContext, { description: 'Where it stands; empty when it has ended' }),
  result: anyJson('What the last action returned; null unless finished'),
  error: anyJson('The last error, for one that failed or waits to be tried again; else null'),
});

export type SnapshotContext = Static<typeof SnapshotContext>;
export type Snapshot = Static<typeof Snapshot>;
