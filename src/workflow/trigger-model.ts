// Triggers: actions that wait for something to happen. Part of the model. Times are time expressions (src/time/README.md), which
// take no `${…}`: they are verified with the definition.

import Type, { type Static } from 'typebox';
import { actionProperties, limits } from './action-properties.js';

const Relative = Type.String({ minLength: 2, maxLength: limits.nameLengthMax });
const count = Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 }));

export const triggerProperties = {
  ...actionProperties,
  /**
   * How long it waits, from when it was reached, before its timeout flow is taken: a relative time expression, `+2H`. Default:
   * `timeoutMs`, or for ever.
   */
  timeout: Type.Optional(Relative),
};

/** Fires some time after it has been reached. RESULT is `{ result }`, false when it has expired. */
export const DelayTrigger = Type.Object(
  {
    ...triggerProperties,
    type: Type.Literal('delay'),
    /** How long, a relative time expression. Default `+3s`. */
    delay: Type.Optional(Relative),
    /** Zone of its clocks, an IANA name. Default: the engine's. */
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: limits.nameLengthMax })),
    /** Firings at most; then it has expired. Default: no end. */
    count,
    /** It fires up to this relative time expression, applied to when it was first reached. Default: no end. */
    expiration: Type.Optional(Relative),
  },
  { additionalProperties: false },
);

/** Waits until it is expedited. RESULT is `{ result: true }`. */
export const ManualTrigger = Type.Object(
  { ...triggerProperties, type: Type.Literal('manual') },
  { additionalProperties: false },
);

export type DelayTrigger = Static<typeof DelayTrigger>;
export type ManualTrigger = Static<typeof ManualTrigger>;
