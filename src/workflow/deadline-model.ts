// The deadline of a workflow. Part of the model. Its times are time expressions (src/time/README.md), verified with the definition.

import Type, { type Static } from 'typebox';
import { limits } from './action-properties.js';

/**
 * When an instance, or each of its runs, is expected to be over: `at` or `after`, not both. Nothing stops then; the audit tells
 * of it.
 */
export const Deadline = Type.Object(
  {
    /** A date with its time and zone: `2030-12-31T17:00:00Z`. Or `after`. */
    at: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    /** A relative time expression, `+7m`, applied to when the instance was submitted or its run began. Or `at`. */
    after: Type.Optional(Type.String({ minLength: 2, maxLength: limits.nameLengthMax })),
    /**
     * What is to be over by then, and what `after` counts from. `submission`: the whole life of the instance. `run`: each of its
     * runs. Default: `run` when the workflow has one (`startOfRun` and `endOfRun` of its actions), else `submission`.
     */
    from: Type.Optional(Type.Union([Type.Literal('submission'), Type.Literal('run')])),
    /** From when on it approaches, applied to the deadline: a relative time expression that leads back. Default `-1H`. */
    window: Type.Optional(Type.String({ minLength: 2, maxLength: limits.nameLengthMax })),
    /** Zone of the expressions' clocks, an IANA name. Default: the engine's. */
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: limits.nameLengthMax })),
  },
  { additionalProperties: false },
);

export type Deadline = Static<typeof Deadline>;
