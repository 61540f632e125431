// Signals: POST /v1/operations/signal.

import Type, { type Static } from 'typebox';
import { OperationRequest } from './operations.js';

export const SignalRequest = Type.Object(
  {
    target: OperationRequest.properties.target,
    signal: Type.String({ minLength: 1, maxLength: 200, description: 'Name of the signal' }),
    clear: Type.Optional(Type.Boolean({ description: 'Clear it instead of raising it. Default false' })),
    dryRun: OperationRequest.properties.dryRun,
  },
  { additionalProperties: false },
);

export const SignalResult = Type.Object({
  target: Type.String(),
  signal: Type.String(),
  contexts: Type.Integer({
    minimum: 0,
    description:
      'Flow contexts of these instances that stand where it is monitored: raised, it ends those that wait at once, the others when their action has',
  }),
  instances: Type.Integer({
    minimum: 0,
    description: 'Instances in which it was raised, or cleared; those in which it was so already do not count',
  }),
});

export type SignalRequest = Static<typeof SignalRequest>;
export type SignalResult = Static<typeof SignalResult>;
