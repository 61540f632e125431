// Operations: POST /v1/operations/NAME.

import Type, { type Static } from 'typebox';
import { oneOf } from './fields.js';
import { Problem } from './problem.js';
import { limits, mediaTypes } from './protocol.js';

export const operations = [
  'pause',
  'resume',
  'remove',
  'recover',
  'expedite',
  'interrupt',
  'restart',
  'rename',
  'reschedule',
] as const;

export const Operation = oneOf(operations, 'What to do with the target');

export const OperationRequest = Type.Object(
  {
    target: Type.String({
      minLength: 1,
      maxLength: limits.nameLengthMax + 37,
      description: 'An instance (id, workflow/id or given name), a workflow, or a branch with a trailing /',
    }),
    dryRun: Type.Optional(
      Type.Boolean({ default: false, description: 'Count what would be changed, and change nothing' }),
    ),
  },
  { additionalProperties: false },
);

export const RemoveRequest = Type.Object(
  {
    ...OperationRequest.properties,
    force: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Take off what executes at once, and end the thread of an action that does not heed its signal',
      }),
    ),
  },
  { additionalProperties: false },
);

export const RecoverRequest = Type.Object(
  {
    ...OperationRequest.properties,
    onto: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Version of the workflow in which they begin again. Default: their own',
      }),
    ),
    map: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        additionalProperties: true,
        description: 'Of onto: names that actions have there, by those they had. Default: the same',
      }),
    ),
  },
  { additionalProperties: false },
);

export const RenameRequest = Type.Object(
  {
    ...OperationRequest.properties,
    to: Type.String({
      minLength: 1,
      maxLength: limits.nameLengthMax,
      description:
        'A name of its own for an instance, the full name for a workflow, a branch with a trailing / for a branch',
    }),
  },
  { additionalProperties: false },
);

const expressionLengthMax = 4_096;

export const RescheduleRequest = Type.Object(
  {
    ...OperationRequest.properties,
    at: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: expressionLengthMax,
        description: 'When what waits fires next: ISO 8601 with its offset, or a relative time expression from now on',
      }),
    ),
    expression: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: expressionLengthMax,
        description: 'Or: timers fire by this cron-style or relative time expression from now on',
      }),
    ),
    cron: Type.Optional(
      Type.String({ minLength: 1, maxLength: expressionLengthMax, description: 'Or: by this crontab line' }),
    ),
    zone: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: limits.nameLengthMax,
        description: "Zone of the clocks of expression and cron, an IANA name. Default: the timer's own",
      }),
    ),
  },
  { additionalProperties: false },
);

export const RestartRequest = Type.Object(
  {
    ...OperationRequest.properties,
    workflowVersion: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Version of the workflow that runs then. Default: the newest' }),
    ),
    from: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: limits.nameLengthMax,
        description: 'Action at which the new run begins, a transaction break, with the variables that were there',
      }),
    ),
  },
  { additionalProperties: false },
);

export const OperationResult = Type.Object({
  operation: Operation,
  target: Type.String(),
  contexts: Type.Integer({ minimum: 0, description: 'Flow contexts the operation changed; none is no fault' }),
  instances: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Instances they are of; told by a dry run and a restart' }),
  ),
  segments: Type.Integer({ minimum: 0, description: 'Rows it cost' }),
});

export const operationAnswer = {
  description: 'What it came to; to who takes lines, how far it is until then',
  content: {
    [mediaTypes.json]: { schema: OperationResult },
    [mediaTypes.lines]: { schema: { type: 'string' } },
  },
} as const;

const OperationProgress = Type.Object({
  contexts: Type.Integer({ minimum: 0, description: 'Flow contexts changed so far' }),
  segments: Type.Integer({ minimum: 0, description: 'Rows it has cost so far' }),
});

/** One line of the answer to who takes lines: `progress` as often as it is told, `done` or `problem` last. */
export const OperationLine = Type.Union([
  Type.Object({ progress: OperationProgress }),
  Type.Object({ done: OperationResult }),
  Type.Object({ problem: Problem }),
]);

export type OperationProgress = Static<typeof OperationProgress>;
export type OperationLine = Static<typeof OperationLine>;
export type Operation = Static<typeof Operation>;
export type OperationRequest = Static<typeof OperationRequest>;
export type RecoverRequest = Static<typeof RecoverRequest>;
export type RemoveRequest = Static<typeof RemoveRequest>;
export type RenameRequest = Static<typeof RenameRequest>;
export type RescheduleRequest = Static<typeof RescheduleRequest>;
export type RestartRequest = Static<typeof RestartRequest>;
export type OperationResult = Static<typeof OperationResult>;
