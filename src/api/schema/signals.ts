// Signals: POST /v1/operations/signal.

import Type, { type Static } from 'typebox';
import { OperationRequest } from './operations.js';

export const SignalRequest = Type.Object(
  {
    target: OperationRequest.properties.target,
    signal: Type.String({ minLength: 1, maxLength: 200, description: 'Name of the signal' }),
    clear: Type.Optional(Type.Boolean({ description: 'Clear it instead of raising it. Default false' })),
  },
  { additionalProperties: false },
);

export const SignalResult = Type.Object({
  target: Type.String(),
  signal: Type.String(),
  instances: Type.Integer({
    minimum: 0,
    description: 'Instances in which it was raised, or cleared; those in which it was so already do not count',
  }),
});

export type SignalRequest = Static<typeof SignalRequest>;
export type SignalResult = Static<typeof SignalResult>;
