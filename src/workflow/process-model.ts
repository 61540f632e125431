// The process action as it is written. Part of the model.

import Type, { type Static } from 'typebox';
import { actionProperties, limits } from './action-properties.js';

/** Longer ones no system opens. */
const FilePath = Type.String({ minLength: 1, maxLength: limits.textLengthMax });
const Text = Type.String({ maxLength: limits.templateLengthMax });

/**
 * Runs a program and waits for its end. No shell reads anything of it. RESULT is `{ exitCode, signal, truncated }`, and until the
 * transaction ends `stdout` and `stderr` too. Engines run programs only when they are told `programs`.
 */
export const ProcessAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('process'),
    /** The program: an absolute path, or a name that is looked for in `PATH`. Nothing is substituted in it. */
    command: FilePath,
    /** Each is given as one argument, whatever is in it; texts are substituted. Default none. */
    arguments: Type.Optional(Type.Array(Type.Union([Text, Type.Number()]), { maxItems: 1_000 })),
    /** Absolute path of the folder it runs in; substituted. Default: the engine's. */
    workingDirectory: Type.Optional(FilePath),
    /**
     * Its environment, name by name; values are substituted. Beside it only `PATH`, `HOME`, `LANG`, `TZ` and `TMPDIR` of the
     * engine are passed on. Default none.
     */
    environment: Type.Optional(
      Type.Unsafe<Record<string, string | number>>(Type.Object({}, { additionalProperties: true })),
    ),
    /** What it reads as its standard input; substituted. Default: nothing. */
    stdin: Type.Optional(Text),
    /** Absolute path of an ordinary file that is its standard input instead; substituted. */
    stdinFile: Type.Optional(FilePath),
    /** Absolute path of an ordinary file that its standard output is written to, from the start; substituted. Default: RESULT. */
    stdoutFile: Type.Optional(FilePath),
    /** The same of its standard error. Default: RESULT. */
    stderrFile: Type.Optional(FilePath),
    /**
     * Exit codes with which the action fails (`ProcessFailed`): numbers and ranges, `[1, '64-255']`. One that was ended by a
     * signal has 128 and the signal's number. Default: none, so that conditions decide by `RESULT.exitCode`.
     */
    errorExitCodes: Type.Optional(
      Type.Array(
        Type.Union([Type.Integer({ minimum: 0, maximum: 255 }), Type.String({ minLength: 3, maxLength: 7 })]),
        { minItems: 1, maxItems: 256 },
      ),
    ),
    /**
     * `true`: nobody waits for it, and nothing of ours ends it. RESULT is `{ pid }`. It takes no `stdin`, `errorExitCodes`,
     * `destroyOn`, `keepOutput`. Default false.
     */
    asynchronous: Type.Optional(Type.Boolean()),
    /**
     * When it is ended with all processes it has started in its group: SIGTERM, half a second later SIGKILL. `timeout`: its own.
     * `interrupt`: an operation, or its flow context is withdrawn. `signal`: one that its action monitors is
     * active; the action takes its signal flow at once then. What is not named it outlives, but not the engine. Default `[timeout]`.
     */
    destroyOn: Type.Optional(
      Type.Array(Type.Union([Type.Literal('timeout'), Type.Literal('interrupt'), Type.Literal('signal')]), {
        maxItems: 3,
      }),
    ),
    /** Whether `stdout` and `stderr` stay in RESULT when the transaction ends. Default false: they are stored nowhere. */
    keepOutput: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export type ProcessAction = Static<typeof ProcessAction>;
