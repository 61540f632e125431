// The history of runs: GET /v1/runs, /v1/runs/averages, /v1/runs/executions, POST /v1/runs/clear.

import Type, { type Static } from 'typebox';
import { Cursor, limit, nullable, oneOf, Scope, timeMs } from './fields.js';
import { limits } from './protocol.js';

const states = ['open', 'ended', 'premature'] as const;
const next = nullable(Type.String({ description: 'Cursor of the next page; null when there is none' }));
const took = (description: string) => Type.Integer({ minimum: 0, description: `${description}, ms` });
const average = (description: string) => Type.Integer({ minimum: -1, description: `${description}, ms; -1: of none` });

export const RunsQuery = Type.Object(
  {
    scope: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: limits.nameLengthMax,
        description: 'A workflow, a branch with a trailing /, or an instance. Default: everything',
      }),
    ),
    state: Type.Optional(oneOf(states, 'Runs in this state only')),
    after: Type.Optional(Cursor),
    limit: Type.Optional(limit(limits.runsPageMax)),
  },
  { additionalProperties: false },
);

export const RunPage = Type.Object({
  runs: Type.Array(
    Type.Object({
      instance: Type.String(),
      workflow: Type.String(),
      workflowVersion: Type.Integer({ minimum: 1 }),
      state: oneOf(states, '`premature`: the instance left before the run was over'),
      startedAtMs: timeMs('The action marked as its start was reached; without marks: submitted'),
      endedAtMs: nullable(timeMs('null while it goes on; ended')),
      runMs: nullable(took('Took; null while it goes on')),
      averageMs: average('What runs of the workflow that came to their end took on average'),
      deadline: Type.Unsafe<{ readonly dueAtMs: number; readonly isExceeded: boolean } | null>({
        type: ['object', 'null'],
        properties: { dueAtMs: timeMs('The deadline'), isExceeded: Type.Boolean() },
        required: ['dueAtMs', 'isExceeded'],
        additionalProperties: false,
        description: 'Of the run; null: it has none',
      }),
    }),
    { maxItems: limits.runsPageMax, description: 'The newest first. A page may be short before the last' },
  ),
  next,
});

export const AveragesQuery = Type.Object(
  {
    scope: Type.Optional(Scope),
    after: Type.Optional(
      Type.String({ minLength: 1, maxLength: 8_192, description: 'Cursor: `next` of an earlier answer' }),
    ),
    limit: Type.Optional(limit(limits.runsPageMax)),
  },
  { additionalProperties: false },
);

export const AveragePage = Type.Object({
  averages: Type.Array(
    Type.Object({
      workflow: Type.String(),
      action: nullable(Type.String({ description: 'null: of the runs of the workflow' })),
      count: Type.Integer({ minimum: 0, description: 'Runs that came to their end; executions without an error' }),
      averageMs: average('What they took on average'),
      averageWaitMs: average('How long they waited to begin; of runs always -1'),
      premature: Type.Integer({ minimum: 0, description: 'Runs that did not come to their end' }),
    }),
    { maxItems: limits.runsPageMax, description: 'In the order of names, of each workflow the runs first' },
  ),
  next,
});

export const ExecutionsQuery = Type.Object(
  {
    instance: Type.String({
      minLength: 1,
      maxLength: limits.nameLengthMax,
      description: 'Id of an instance, `<workflow>/<id>` or given name',
    }),
    after: Type.Optional(Cursor),
    limit: Type.Optional(limit(limits.runsPageMax)),
  },
  { additionalProperties: false },
);

export const ExecutionPage = Type.Object({
  executions: Type.Array(
    Type.Object({
      workflow: Type.String(),
      action: Type.String(),
      attempt: Type.Integer({ minimum: 1 }),
      exit: oneOf(['normal', 'error', 'timeout', 'signal', 'expired'], 'How it ended'),
      enteredAtMs: timeMs('It was reached'),
      startedAtMs: timeMs('It began; a trigger: fired'),
      endedAtMs: timeMs('It ended'),
      waitMs: took('Waited'),
      runMs: took('Took'),
      averageMs: average('What the action took on average'),
      averageWaitMs: average('How long it waited on average'),
    }),
    { maxItems: limits.runsPageMax, description: 'In the order in which they became durable' },
  ),
  next,
});

export const ClearRunsRequest = Type.Object({ scope: Scope }, { additionalProperties: false });

export const ClearedRuns = Type.Object({
  runs: Type.Integer({ minimum: 0, description: 'Runs that were over, and are told of no more' }),
});

export type RunsQuery = Static<typeof RunsQuery>;
export type RunPage = Static<typeof RunPage>;
export type AveragesQuery = Static<typeof AveragesQuery>;
export type AveragePage = Static<typeof AveragePage>;
export type ExecutionsQuery = Static<typeof ExecutionsQuery>;
export type ExecutionPage = Static<typeof ExecutionPage>;
export type ClearedRuns = Static<typeof ClearedRuns>;
