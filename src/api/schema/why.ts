// Why an instance does not run: GET /v1/instances/:name/why.

import Type, { type Static } from 'typebox';
import { type Reason as EngineReason, type ReasonCode, reasonCodes } from '../../engine/why/reasons.js';
import { InstanceId, nullable, oneOf, timeMs } from './fields.js';

export const Reason = Type.Object({
  code: oneOf(
    Object.keys(reasonCodes) as ReasonCode[],
    `Stable. ${Object.entries(reasonCodes)
      .map(([code, words]) => `\`${code}\`: ${words}`)
      .join('; ')}`,
  ),
  context: nullable(
    Type.Integer({
      minimum: 1,
      description: 'The flow context it is about; null: there is one, or all of it is meant',
    }),
  ),
  action: nullable(Type.String({ description: 'The action that context stands at; null: the instance has ended' })),
  text: Type.String({ description: 'One line for people' }),
  data: Type.Unsafe<EngineReason['data']>({
    type: 'object',
    additionalProperties: true,
    description: 'What the line says, by code: `ReasonData` in the types of the package',
  }),
  command: nullable(
    Type.String({
      description: 'A command of the command line that would let it go on, without its --url; null: none',
    }),
  ),
});

export const Why = Type.Object({
  instance: InstanceId,
  workflow: Type.String(),
  atMs: timeMs('Read'),
  isRunning: Type.Boolean({ description: 'An engine has one of its flow contexts: it executes, or is about to' }),
  reasons: Type.Array(Reason, {
    description: 'The decisive one first. Several of a context are in the order in which they would have to go away',
  }),
  contexts: Type.Integer({
    minimum: 0,
    description: 'Its flow contexts; of those beyond 100 no reasons are told. 0: it has ended',
  }),
});

export type Reason = Static<typeof Reason>;
export type Why = Static<typeof Why>;
