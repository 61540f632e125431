// The workflow model: one JSON Schema behind the types, the validation of files and the serializers.
//
// A definition is what people write (YAML, JSON or the builder all give this same value). It names actions and the
// flows between them; nothing here runs. `plan.ts` compiles it into what the engine walks.

import Type, { type Static } from 'typebox';

const limits = { actionMax: 1_000, textLengthMax: 4_096, nameLengthMax: 200 } as const;

/** Names of actions, variables and exported functions: a letter or `_` first; never a key that reaches a prototype. */
const Identifier = Type.String({ minLength: 1, maxLength: limits.nameLengthMax });

/** How often and how fast a failed transaction is tried again. Absent: 5 retries after 1, 2, 4, 8 and 16 s. */
export const RetryPolicy = Type.Object(
  {
    /** Retries after the first attempt; 0 means none. Default 5. */
    retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
    /** Delay before the first retry, milliseconds. Default 1,000. */
    delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
    /** Each further delay is the last one times this. Default 2. */
    factor: Type.Optional(Type.Number({ minimum: 1, maximum: 100 })),
    /** No delay is longer, milliseconds. Default 3,600,000. */
    delayMaxMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_592_000_000 })),
  },
  { additionalProperties: false },
);

const actionProperties = {
  name: Identifier,
  description: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
  /** The action begins when the workflow starts. Absent everywhere: the first action does. */
  start: Type.Optional(Type.Boolean()),
  /** What came before this action is committed when it is reached. Always true for `null`. Default false. */
  transactionBreak: Type.Optional(Type.Boolean()),
  /** The action is stopped after this many milliseconds. Default: none. */
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_622_400_000 })),
  retry: Type.Optional(RetryPolicy),
};

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
    message: Type.String({ maxLength: limits.textLengthMax }),
    stream: Type.Optional(Type.Union([Type.Literal('stdout'), Type.Literal('stderr')])),
  },
  { additionalProperties: false },
);

export const Action = Type.Union([CallAction, NullAction, ConsoleAction]);

/**
 * A way on from an action. Without `condition` and `kind` it is always taken when `from` has finished. Kinds to come join
 * the union of `kind`.
 */
export const Flow = Type.Object(
  {
    from: Identifier,
    to: Identifier,
    /** Taken only when this is true of the variables: `RESULT.score >= 50` (src/flow/condition/README.md). */
    condition: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
    /**
     * `else`: taken when no conditional flow held and there is no unconditional one. `error`: taken when the action fails.
     * `timeout`: taken when it fails by its timeout; without one its error flow is.
     */
    kind: Type.Optional(Type.Union([Type.Literal('else'), Type.Literal('error'), Type.Literal('timeout')])),
    /** Of `error` and `timeout`: what the transaction wrote until then is dropped. Default false: it is kept. */
    rollback: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** A whole definition. `name` is its full namespace, `/branch/branch/name`. */
export const WorkflowDefinition = Type.Object(
  {
    name: Type.String({ minLength: 2, maxLength: 1_024 }),
    description: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
    /** 1 (highest) to 10,000. Absent: inherited from the runtime configuration tree, else 10. */
    priority: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** Path of the module whose exports `call` actions run, relative to the definition's file. */
    module: Type.Optional(Type.String({ minLength: 1, maxLength: limits.textLengthMax })),
    actions: Type.Array(Action, { minItems: 1, maxItems: limits.actionMax }),
    flows: Type.Array(Flow, { maxItems: limits.actionMax * 10 }),
  },
  { additionalProperties: false },
);

export type RetryPolicy = Static<typeof RetryPolicy>;
export type CallAction = Static<typeof CallAction>;
export type NullAction = Static<typeof NullAction>;
export type ConsoleAction = Static<typeof ConsoleAction>;
export type Action = Static<typeof Action>;
export type Flow = Static<typeof Flow>;
export type WorkflowDefinition = Static<typeof WorkflowDefinition>;

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** An instance's input and variables: always a JSON object. */
export type JsonObject = { [key: string]: Json };
