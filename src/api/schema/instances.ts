// Instances: submit, list, show, result. `protocol.ts` tells how the lines of a stream go together.

import Type, { type Static } from 'typebox';
import {
  anyJson,
  BatchKey,
  Cursor,
  InstanceId,
  InstanceKey,
  jsonObject,
  limit,
  nullable,
  oneOf,
  Priority,
  Scope,
  timeMs,
  Version,
} from './fields.js';
import { Problem } from './problem.js';
import { limits } from './protocol.js';

/** One instance to be: a JSON body, or a line of a stream. */
export const SubmitRecord = Type.Object(
  {
    workflow: Type.String({
      minLength: 2,
      maxLength: limits.nameLengthMax,
      description: 'Full name of a stored workflow',
    }),
    workflowVersion: Type.Optional(Version),
    input: Type.Optional(
      jsonObject("The instance's variables at its start, at most 262,144 bytes and 100 levels. Default {}"),
    ),
    priority: Type.Optional(Priority),
    key: Type.Optional(InstanceKey),
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: limits.nameLengthMax,
        description: "A name of the instance's own, unique while it lives and through its history",
      }),
    ),
    onConflict: Type.Optional(
      oneOf(
        ['return', 'replace', 'reject'],
        'When `name` is taken: answer with its instance (default), submit in its place, or refuse',
      ),
    ),
    eligibleAtMs: Type.Optional(timeMs('Not to start before')),
  },
  { additionalProperties: false },
);

/** A line of a stream before the instances it names as one batch. */
export const BatchLine = Type.Object(
  { batch: BatchKey, count: Type.Integer({ minimum: 1, maximum: limits.batchInstancesMax }) },
  { additionalProperties: false },
);

/** Answer to one instance. */
export const Submitted = Type.Object({ instance: InstanceId });

export const AcceptedLine = Type.Object({
  index: Type.Integer({ minimum: 0, description: "Of the first, counted in the stream's instances from 0" }),
  count: Type.Integer({ minimum: 1, maximum: limits.batchInstancesMax }),
  first: InstanceId,
});

export const ProblemLine = Type.Object({ problem: Problem });

export const DoneLine = Type.Object({
  done: Type.Integer({ minimum: 0, description: 'How many instances the stream had' }),
});

/** One line of the answer to a stream. */
export const AnswerLine = Type.Union([AcceptedLine, ProblemLine, DoneLine]);

export const InstanceState = oneOf(
  ['ready', 'paused', 'failed', 'finished', 'removed'],
  '`ready` covers what executes and what waits for its time; `failed` waits to be recovered',
);

const SuperState = oneOf(
  ['NORMAL', 'ERROR'],
  "`ERROR`: in an error handler, waiting for one or for the built-in retries, or failed; the original's super-state",
);
const SubState = oneOf(
  ['WAITING', 'FIRING', 'TRIGGERING', 'JOINING', 'PAUSED', 'FAILED', 'FINISHED'],
  "`FIRING`: it executes; `TRIGGERING`: it waits for what it has started, or a mutex; the original's sub-state",
);

/** In the path: an id, `<workflow>/<id>`, or a given name, URL-encoded whole (each / is %2F). */
export const InstanceParams = Type.Object({
  name: Type.String({ minLength: 1, maxLength: limits.nameLengthMax + 37 }),
});

/** Where a flow context of an instance stands. */
export const ContextRecord = Type.Object({
  context: Type.Integer({ minimum: 1, description: 'Its number in the instance' }),
  state: oneOf(
    ['ready', 'paused', 'failed', 'joining', 'waiting'],
    '`joining`: it has arrived at a join, or finished as one of a group; `waiting`: for what it has started, or a mutex',
  ),
  superState: SuperState,
  subState: SubState,
  action: Type.String({ description: 'The action it stands at' }),
  attempt: Type.Integer({ minimum: 1 }),
});

/** Everything known of an instance. */
export const InstanceRecord = Type.Object({
  instance: InstanceId,
  workflow: Type.String(),
  workflowVersion: Type.Integer({ minimum: 1 }),
  state: InstanceState,
  superState: SuperState,
  subState: Type.Union([SubState, Type.Null()]),
  submitter: nullable(Type.String()),
  createdAtMs: nullable(timeMs('Submitted')),
  action: nullable(Type.String({ description: 'Living ones: the action it stands at' })),
  attempt: nullable(Type.Integer({ minimum: 1 })),
  priority: nullable(Priority),
  key: nullable(InstanceKey),
  eligibleAtMs: nullable(timeMs('May run from')),
  finishedAtMs: nullable(timeMs('Ended')),
  result: anyJson('What the last action returned; null unless finished'),
  input: anyJson('What it was submitted with; null when its history has expired'),
  error: anyJson('The last error, for one that failed or waits to be tried again; else null'),
  contexts: nullable(
    Type.Array(ContextRecord, {
      description:
        'Living ones that have split: their flow contexts, by number; `action`, `attempt` and the like above are those of ' +
        'the one the state comes from. Null: there is one',
    }),
  ),
  deadline: nullable(
    Type.Object(
      {
        dueAtMs: timeMs('To be over'),
        isExceeded: Type.Boolean({ description: 'It has passed, and the instance or its run was not over' }),
      },
      { description: 'Of the instance, or of its run under way. Null: none' },
    ),
  ),
});

export const ResultQuery = Type.Object(
  {
    waitMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.waitMsMax,
        description: 'Wait so long for the end. Default 0: answer at once',
      }),
    ),
  },
  { additionalProperties: false },
);

export const InstanceFailure = Type.Object({
  code: Type.String(),
  message: Type.String(),
  action: Type.String(),
  attempt: Type.Integer({ minimum: 1, description: 'Attempts of the transaction by then' }),
  stack: Type.String(),
  handler: Type.Optional(
    Type.Object(
      { code: Type.String(), message: Type.String(), action: Type.String() },
      { description: 'What the error handler gave up with, when one did' },
    ),
  ),
});

/** 200: how an instance ended, or that it stands FAILED and waits to be recovered. */
export const InstanceResult = Type.Object({
  instance: InstanceId,
  state: oneOf(['finished', 'removed', 'failed'], 'How it ended; `failed` may still be recovered'),
  result: anyJson('What the last action returned; null unless finished'),
  error: Type.Union([InstanceFailure, Type.Null()], { description: 'What it failed with; null unless failed' }),
});

/** 202: it has not ended; ask again. */
export const InstancePending = Type.Object({ instance: InstanceId, state: oneOf(['pending'], 'It goes on') });

export const InstancesQuery = Type.Object(
  {
    scope: Type.Optional(Scope),
    state: Type.Optional(InstanceState),
    after: Type.Optional(Cursor),
    limit: Type.Optional(limit(limits.instancesPageMax)),
  },
  { additionalProperties: false },
);

/** An instance in a list. */
export const InstanceSummary = Type.Object({
  instance: InstanceId,
  workflow: Type.String(),
  workflowVersion: Type.Integer({ minimum: 1 }),
  state: InstanceState,
});

export const WorkflowCount = Type.Object({
  workflow: Type.String(),
  state: InstanceState,
  instances: Type.Integer({ minimum: 0 }),
});

/** A page of instances in the order of their ids, which is that of their submits. */
export const InstancePage = Type.Object({
  counts: nullable(
    Type.Array(WorkflowCount, {
      description: 'How many of each workflow are in which state; on the first page (without `after`), else null',
    }),
  ),
  instances: Type.Array(InstanceSummary, { maxItems: limits.instancesPageMax }),
  next: nullable(Type.String({ description: 'Cursor of the next page; null when there is none' })),
});

export type SubmitRecord = Static<typeof SubmitRecord>;
export type BatchLine = Static<typeof BatchLine>;
export type Submitted = Static<typeof Submitted>;
export type AcceptedLine = Static<typeof AcceptedLine>;
export type ProblemLine = Static<typeof ProblemLine>;
export type DoneLine = Static<typeof DoneLine>;
export type AnswerLine = Static<typeof AnswerLine>;
export type InstanceState = Static<typeof InstanceState>;
export type ContextRecord = Static<typeof ContextRecord>;
export type InstanceRecord = Static<typeof InstanceRecord>;
export type ResultQuery = Static<typeof ResultQuery>;
export type InstanceResult = Static<typeof InstanceResult>;
export type InstancePending = Static<typeof InstancePending>;
export type InstancesQuery = Static<typeof InstancesQuery>;
export type InstanceSummary = Static<typeof InstanceSummary>;
export type WorkflowCount = Static<typeof WorkflowCount>;
export type InstancePage = Static<typeof InstancePage>;
