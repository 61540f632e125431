// Operations: POST /v1/operations/pause, resume, remove, recover.

import Type, { type Static } from 'typebox';
import { oneOf } from './fields.js';
import { limits } from './protocol.js';

export const operations = ['pause', 'resume', 'remove', 'recover', 'expedite'] as const;

export const Operation = oneOf(operations, 'What to do with the target');

export const OperationRequest = Type.Object(
  {
    target: Type.String({
      minLength: 1,
      maxLength: limits.nameLengthMax + 37,
      description: 'An instance (id, workflow/id or given name), a workflow, or a branch with a trailing /',
    }),
  },
  { additionalProperties: false },
);

export const OperationResult = Type.Object({
  operation: Operation,
  target: Type.String(),
  contexts: Type.Integer({ minimum: 0, description: 'Flow contexts the operation changed; none is no fault' }),
  segments: Type.Integer({ minimum: 0, description: 'Rows it cost' }),
});

export type Operation = Static<typeof Operation>;
export type OperationRequest = Static<typeof OperationRequest>;
export type OperationResult = Static<typeof OperationResult>;
