// A join, as definitions say it: part of the model. What its text means: `join.ts`.

import Type, { type Static } from 'typebox';

const textLengthMax = 200;

/**
 * A join: the arrivals over the action's inbound flows become one. `all` (of the inbound flows), `first`, `2 of 3`,
 * `all activated` (all that can still arrive), `3 tokens` (any three arrivals). As an object it also says what becomes of
 * those that arrive later: `keep` (default: they end there, until all have arrived), `cancel` (what could still arrive is
 * withdrawn), `block` (as `keep`, and a second arrival over the same flow waits for the next round).
 */
export const Join = Type.Union([
  Type.String({ minLength: 1, maxLength: textLengthMax }),
  Type.Object(
    {
      wait: Type.String({ minLength: 1, maxLength: textLengthMax }),
      rest: Type.Optional(Type.Union([Type.Literal('keep'), Type.Literal('cancel'), Type.Literal('block')])),
    },
    { additionalProperties: false },
  ),
]);

export type Join = Static<typeof Join>;
