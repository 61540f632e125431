// The workflow model: one JSON Schema behind the types, the validation of files and the serializers.
//
// A definition is what people write (YAML, JSON or the builder all give this same value). It names actions and the
// flows between them; nothing here runs. `plan.ts` compiles it into what the engine walks.

import Type, { type Static } from 'typebox';
import type { CalendarDefinition } from '../time/calendar/model.js';
import {
  actionProperties,
  DataMap,
  Identifier,
  limits,
  NumberOrText,
  ScriptLanguageName,
  ScriptText,
} from './action-properties.js';
import { Deadline } from './deadline-model.js';
import { FileExistTrigger } from './file-trigger-model.js';
import { AuditTrailTrigger, MessageTrigger, PublishAction } from './message-model.js';
import { ProcessAction } from './process-model.js';
import { SignalName, SignalNames } from './signal-model.js';
import { DelayTrigger, ManualTrigger, TimerTrigger } from './trigger-model.js';

export { DataMap, RetryPolicy, Script } from './action-properties.js';
export { FileExistTrigger } from './file-trigger-model.js';
export { AuditTrailTrigger, MessageTrigger, PublishAction } from './message-model.js';
export { ProcessAction } from './process-model.js';
export { DelayTrigger, ManualTrigger, TimerTrigger } from './trigger-model.js';

/** Runs a function exported from the user's module; what it returns is `RESULT`. */
export const CallAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('call'),
    /** Path of the module, relative to the definition's file. Default: the workflow's `module`. */
    module: Type.Optional(Type.String({ minLength: 1, maxLength: limits.textLengthMax })),
    /** Name of the exported function. */
    function: Identifier,
  },
  { additionalProperties: false },
);

/** Does nothing; always a transaction break. */
export const NullAction = Type.Object(
  { ...actionProperties, type: Type.Literal('null') },
  { additionalProperties: false },
);

/** Prints a message on standard output or standard error. */
export const ConsoleAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('console'),
    /**
     * What is printed, with a line break behind it; with `${…}` for variables, properties of the runtime configuration and
     * the date.
     */
    message: Type.String({ maxLength: limits.templateLengthMax }),
    /** Where. Default: `stdout`. */
    stream: Type.Optional(Type.Union([Type.Literal('stdout'), Type.Literal('stderr')])),
  },
  { additionalProperties: false },
);

/**
 * Runs a body, or another workflow, for each item of a list or number of a range; the copies are a group. The transaction
 * ends here; RESULT is the list of the copies' results, by index.
 */
export const ForEachAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('forEach'),
    /** A list, or a text that names one: `${RESULT.orders}`. Or `from` and `to`. */
    items: Type.Optional(
      Type.Union([
        Type.String({ minLength: 1, maxLength: limits.textLengthMax }),
        Type.Array(Type.Unknown(), { maxItems: 10_000 }),
      ]),
    ),
    /** Number range, both ends included; numbers, or texts that name one. */
    from: Type.Optional(NumberOrText),
    /** Its other end. */
    to: Type.Optional(NumberOrText),
    /** Default 1, or -1 when `to` is below `from`. */
    step: Type.Optional(NumberOrText),
    /** Variable of the item. Default `item`. */
    as: Type.Optional(Identifier),
    /** Variable of its index, from 0. Default `index`. */
    indexAs: Type.Optional(Identifier),
    /** Copies at once. Default 1: one after another. */
    parallel: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /**
     * What is run for each item: actions, and the flows among them. Or `workflow`. Its actions are as those of a workflow,
     * for-each actions too; a schema that says so would be recursive, so that `whole-schema.ts` holds them to it.
     */
    body: Type.Optional(
      Type.Object(
        {
          /** As those of the workflow; names of their own. */
          actions: Type.Array(Type.Unknown(), { minItems: 1, maxItems: limits.actionMax }),
          /** Between the actions of the body. */
          flows: Type.Optional(Type.Array(Type.Unknown(), { maxItems: limits.actionMax * 10 })),
        },
        { additionalProperties: false },
      ),
    ),
    /** Name of the workflow that is run for each item; the item's variable is its input. */
    workflow: Type.Optional(Type.String({ minLength: 2, maxLength: 1_024 })),
    /** Copies that must have finished before the flow goes on. Default: all. */
    complete: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    /** What becomes of the others then. Default `keep`: they go on, and what they give is dropped. */
    rest: Type.Optional(Type.Union([Type.Literal('keep'), Type.Literal('cancel')])),
    /** Whether the results are kept as RESULT. Default true. */
    collect: Type.Optional(Type.Boolean()),
    /** Whether the flow waits for the group. Default true. */
    wait: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** Runs another workflow as part of this instance; its result is RESULT. */
export const WorkflowAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('workflow'),
    /** Its full name; the newest version when the action is reached. */
    workflow: Type.String({ minLength: 2, maxLength: 1_024 }),
    /** Its input; texts are substituted. Default `{}`. */
    input: Type.Optional(Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true }))),
    /** Whether the flow waits for it. `false`: it is submitted as an instance of its own. Default true. */
    wait: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** Ends the instance at once: its other flow contexts are withdrawn. */
export const EndAction = Type.Object(
  { ...actionProperties, type: Type.Literal('end') },
  { additionalProperties: false },
);

/** Withdraws the flow contexts that stand at some actions, or execute transactions that began there. */
export const CancelAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('cancel'),
    /** Names of the actions: the region. */
    actions: Type.Array(Identifier, { minItems: 1, maxItems: limits.actionMax }),
  },
  { additionalProperties: false },
);

/** Changes a group of a `forEach` while it runs. */
export const GroupAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('group'),
    /** Name of the `forEach` action. */
    group: Identifier,
    /** `complete`: what has not finished is withdrawn, the flow goes on. `cancel`: so too, without results. `extend`: more items. */
    do: Type.Union([Type.Literal('complete'), Type.Literal('cancel'), Type.Literal('extend')]),
    /** Of `extend`: a list, or a text that names one. */
    items: Type.Optional(
      Type.Union([
        Type.String({ minLength: 1, maxLength: limits.textLengthMax }),
        Type.Array(Type.Unknown(), { maxItems: 10_000 }),
      ]),
    ),
  },
  { additionalProperties: false },
);

/** Ends in failure: the flow context stands FAILED until it is recovered or removed. */
export const ErrorAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('error'),
    /** Of the error, with `${…}` as that of `console`. Default: that the action was reached. */
    message: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
    /** Default `ErrorAction`. */
    code: Type.Optional(Identifier),
  },
  { additionalProperties: false },
);

/** Runs a script in a sandbox; its value is `RESULT`. Engines run scripts only when they are told to. */
export const ScriptAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('script'),
    /** What it is written in. Default `javascript`. */
    language: Type.Optional(ScriptLanguageName),
    /** Its text (src/script/README.md). */
    script: ScriptText,
  },
  { additionalProperties: false },
);

/**
 * Statements executed in the commit of the transaction: with it or not at all. Off unless the engine is told `sql`.
 */
export const SqlAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('sql'),
    /** Executed in this order, each by itself. */
    statements: Type.Array(
      Type.Object(
        {
          /** One INSERT, UPDATE, DELETE, MERGE or WITH, with `$1` ... for parameters; nothing is substituted in it. */
          sql: Type.String({ minLength: 1, maxLength: 65_536 }),
          /** Values; texts are substituted. Lists and objects are given as JSON. Default none. */
          parameters: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 1_000 })),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 100 },
    ),
  },
  { additionalProperties: false },
);

export const Action = Type.Union([
  CallAction,
  NullAction,
  ConsoleAction,
  ForEachAction,
  WorkflowAction,
  EndAction,
  CancelAction,
  GroupAction,
  ErrorAction,
  ScriptAction,
  SqlAction,
  DelayTrigger,
  ManualTrigger,
  ProcessAction,
  FileExistTrigger,
  TimerTrigger,
  PublishAction,
  MessageTrigger,
  AuditTrailTrigger,
]);

/**
 * A way on from an action. Without `condition` and `kind` it is always taken when `from` has finished. Kinds to come join
 * the union of `kind`.
 */
export const Flow = Type.Object(
  {
    /** The action it leads out of. */
    from: Identifier,
    /** The action it leads to. */
    to: Identifier,
    /** Taken only when this is true of the variables: `RESULT.score >= 50` (src/flow/condition/README.md). */
    condition: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
    /**
     * `else`: taken when no conditional flow held and there is no unconditional one. `error`: taken when the action fails.
     * `timeout`: taken when it fails by its timeout; without one its error flow is. `expiration`: taken out of a trigger that
     * has nothing left to fire for; without one the flow context ends there. `signal`: taken when the action is ended by the
     * signal named in `signal`.
     */
    kind: Type.Optional(
      Type.Union([
        Type.Literal('else'),
        Type.Literal('error'),
        Type.Literal('timeout'),
        Type.Literal('expiration'),
        Type.Literal('signal'),
      ]),
    ),
    /** Of `error` and `timeout`: what the transaction wrote until then is dropped. Default false: it is kept. */
    rollback: Type.Optional(Type.Boolean()),
    /** Applied when the flow is taken. Not on `error` and `timeout` flows, and not where several flows are taken at once. */
    map: Type.Optional(DataMap),
    /** Of kind `signal`: which of the signals that the action monitors. */
    signal: Type.Optional(SignalName),
    /** Signals of the instance that are raised when the flow is taken. One that is active stays as it is. */
    raise: Type.Optional(SignalNames),
    /** Signals of the instance that are cleared when the flow is taken, before others are raised. */
    clear: Type.Optional(SignalNames),
  },
  { additionalProperties: false },
);

/** A whole definition. `name` is its full namespace, `/branch/branch/name`. */
export const WorkflowDefinition = Type.Object(
  {
    /** With the branches it lies in: `/branch/branch/name`. */
    name: Type.String({ minLength: 2, maxLength: 1_024 }),
    /** For readers. */
    description: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
    /** 1 (highest) to 10,000. Absent: inherited from the runtime configuration tree, else 10. */
    priority: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** Path of the module whose exports `call` actions run, relative to the definition's file. */
    module: Type.Optional(Type.String({ minLength: 1, maxLength: limits.textLengthMax })),
    /** Who it runs as. Default: the `RUN_AS_USER` that the runtime configuration has for its branch, else who submits an instance. */
    runAs: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    actions: Type.Array(Action, { minItems: 1, maxItems: limits.actionMax }),
    flows: Type.Array(Flow, { maxItems: limits.actionMax * 10 }),
    /**
     * Calendars that its triggers name (src/time/calendar/README.md), each whole and with a name of its own. In a file also
     * `{ file: path }`, relative to it. Default: none.
     */
    calendars: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 100 })),
    /** When an instance, or each of its runs, is expected to be over; the audit tells when it approaches and is exceeded. */
    deadline: Type.Optional(Deadline),
  },
  { additionalProperties: false },
);

export type CallAction = Static<typeof CallAction>;
export type NullAction = Static<typeof NullAction>;
export type ConsoleAction = Static<typeof ConsoleAction>;
export type ForEachAction = Omit<Static<typeof ForEachAction>, 'body'> & { body?: Body };
export type WorkflowAction = Static<typeof WorkflowAction>;
export type EndAction = Static<typeof EndAction>;
export type CancelAction = Static<typeof CancelAction>;
export type GroupAction = Static<typeof GroupAction>;
export type ErrorAction = Static<typeof ErrorAction>;
export type SqlAction = Static<typeof SqlAction>;
export type ScriptAction = Static<typeof ScriptAction>;
/** An action that waits for something to happen. */
export type Trigger =
  | DelayTrigger
  | ManualTrigger
  | FileExistTrigger
  | TimerTrigger
  | MessageTrigger
  | AuditTrailTrigger;
export type Action =
  | CallAction
  | NullAction
  | ConsoleAction
  | ForEachAction
  | WorkflowAction
  | EndAction
  | CancelAction
  | GroupAction
  | ErrorAction
  | ScriptAction
  | SqlAction
  | Trigger
  | ProcessAction
  | PublishAction;
export type Flow = Static<typeof Flow>;
export type WorkflowDefinition = Omit<Static<typeof WorkflowDefinition>, 'actions' | 'calendars'> & {
  actions: Action[];
  calendars?: CalendarDefinition[];
};
/** Of a for-each: its actions, and the flows among them (default: none). */
export interface Body {
  actions: Action[];
  flows?: Flow[];
}

export type { Join } from './join-model.js';

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** An instance's input and variables: always a JSON object. */
export type JsonObject = { [key: string]: Json };
