// What the actions of a workflow are described with: names, texts, retries, scripts, data maps, and the properties that each of
// them may have. Part of the model.

import Type, { type Static } from 'typebox';
import { Join } from './join-model.js';
import { scriptLengthMax } from './script-checks.js';
import { SignalNames } from './signal-model.js';

export const limits = {
  actionMax: 10_000,
  textLengthMax: 4_096,
  templateLengthMax: 32_768,
  nameLengthMax: 200,
} as const;

/** Names of actions, variables and exported functions: a letter or `_` first; never a key that reaches a prototype. */
export const Identifier = Type.String({ minLength: 1, maxLength: limits.nameLengthMax });

/**
 * A runtime data map: values copied from one scope of variables to another, in the order in which they are written
 * (src/flow/substitution/README.md).
 */
export const DataMap = Type.Array(
  Type.Object(
    {
      /** `flow.RESULT.customer.id`, `workflow.total`, `runtime.MAIL_HOST`, `action.x`: a scope, a variable, members of it. */
      from: Type.String({ minLength: 1, maxLength: limits.textLengthMax }),
      /** `action.customer`, `flow.customer` or `workflow.customer`: a scope and the name of a variable. */
      to: Type.String({ minLength: 1, maxLength: limits.nameLengthMax + 20 }),
    },
    { additionalProperties: false },
  ),
  { maxItems: 1_000 },
);

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
    /** Each delay is shortened by a random part of itself, up to this fraction. Default 0. */
    jitter: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    /** Codes of the errors after which it is tried again; others are as if nothing were left to try. Default: all. */
    codes: Type.Optional(Type.Array(Identifier, { minItems: 1, maxItems: 100 })),
  },
  { additionalProperties: false },
);

/** A number, or a text that is one when it has been substituted. */
export const NumberOrText = Type.Union([Type.Number(), Type.String({ minLength: 1, maxLength: limits.textLengthMax })]);

export const ScriptText = Type.String({ minLength: 1, maxLength: scriptLengthMax });
export const ScriptLanguageName = Type.Literal('javascript');

/** A script beside an action: its text, or with the name of its language. Default `javascript`. */
export const Script = Type.Union([
  ScriptText,
  Type.Object(
    {
      /** What it is written in. Default `javascript`. */
      language: Type.Optional(ScriptLanguageName),
      /** Its text. */
      script: ScriptText,
    },
    { additionalProperties: false },
  ),
]);

export const actionProperties = {
  /** Flows, the audit and errors name the action by it; unique in the workflow. */
  name: Identifier,
  /** For readers. */
  description: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
  /** The action begins when the workflow starts. Absent everywhere: the first action does. */
  start: Type.Optional(Type.Boolean()),
  /** What came before this action is committed when it is reached. Always true for `null`. Default false. */
  transactionBreak: Type.Optional(Type.Boolean()),
  /** The action is stopped after this many milliseconds. Default: none. */
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_622_400_000 })),
  retry: Type.Optional(RetryPolicy),
  /** The action waits for several inbound flows. Always a transaction break. Absent: each arrival runs it. */
  join: Type.Optional(Join),
  /** Of the actions of an instance that name the same mutex one runs at a time, until its transaction ends. */
  mutex: Type.Optional(Identifier),
  /** Applied before the action runs; what goes to `action.` is seen by this action alone, and not kept. */
  map: Type.Optional(DataMap),
  /** Runs before the action, within its timeout, and before a trigger each time it looks; can set variables. */
  prescript: Type.Optional(Script),
  /**
   * Runs after the action, within its timeout, and sees its RESULT; can set variables. Of an action that acts on flow contexts
   * RESULT is what it works on (the list of a for-each, the input of a workflow): it runs before the engine does that.
   */
  postscript: Type.Optional(Script),
  /** A run of the workflow begins when this action is reached, unless one is under way. Default false. */
  startOfRun: Type.Optional(Type.Boolean()),
  /** The run of the workflow is over when this action is reached. Default false. */
  endOfRun: Type.Optional(Type.Boolean()),
  /**
   * Signals of the instance that end the action: it does not run when one of them is active, waits no longer when one is
   * raised, and when one was raised while it ran its signal flow is taken in place of the others; without one the flow
   * context ends there. That clears the signal. Always a transaction break.
   */
  monitor: Type.Optional(SignalNames),
  /**
   * Of several triggers that its flows lead to, the first to fire withdraws the others. Each flow out of it leads to a trigger.
   * Default false.
   */
  race: Type.Optional(Type.Boolean()),
};

export type RetryPolicy = Static<typeof RetryPolicy>;
export type DataMap = Static<typeof DataMap>;
export type Script = Static<typeof Script>;
