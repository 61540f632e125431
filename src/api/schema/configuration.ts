// The runtime configuration: GET, PUT and DELETE /v1/configuration.

import Type, { type Static } from 'typebox';
import { anyJson, nullable, oneOf, timeMs } from './fields.js';
import { limits } from './protocol.js';

const Branch = Type.String({
  minLength: 1,
  maxLength: limits.nameLengthMax,
  description: 'A branch; its trailing / may be left out',
});

const PropertyName = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'In any case: PRIORITY, CONCURRENCY_THROTTLE, another property with a meaning, or a variable',
});

const Version = Type.Integer({ minimum: 0, description: 'Of the settings: one more with each change by operation' });
const Line = Type.Integer({ minimum: 1 });

export const ConfigurationQuery = Type.Object(
  {
    branch: Type.Optional(Branch),
    property: Type.Optional(PropertyName),
  },
  { additionalProperties: false },
);

export const ShownProperty = Type.Object({
  property: Type.String({ description: 'In upper case' }),
  value: anyJson('As it was written'),
  source: oneOf(['operation', 'file', 'default'], 'Who says it'),
  branch: nullable(Type.String({ description: 'That says it, for itself and all below; null: none does' })),
  by: nullable(Type.String({ description: 'Of an operation: who' })),
  atMs: nullable(timeMs('Of an operation: when')),
  version: nullable(Type.Integer({ minimum: 1, description: 'Of an operation: of the settings, since' })),
  file: nullable(Type.String({ description: 'Of a file: its path where the engine runs' })),
  line: nullable(Line),
  covered: nullable(
    Type.Object(
      { value: anyJson('As it was written'), file: Type.String(), line: Line },
      { description: 'Under an operation: what the file says of the same branch, which does not hold' },
    ),
  ),
});

const members = (description: string) => Type.Integer({ minimum: 0, description });

export const ShownThrottle = Type.Object({
  branch: Type.String(),
  perEngine: nullable(members('By each engine at most; null: no bound')),
  clusterWide: nullable(members('By all engines at most; null: no bound')),
  rate: nullable(
    Type.Object(
      {
        members: Type.Integer({ minimum: 1 }),
        perMs: Type.Integer({ minimum: 1 }),
        burst: Type.Integer({ minimum: 1 }),
      },
      {
        description:
          'Begun by all engines: so many in so many milliseconds, and so many at once at most; null: no bound',
      },
    ),
  ),
  running: members('Contexts and triggers that execute below the branch, those on their way to a thread included'),
  runningBy: Type.Record(Type.String(), Type.Integer({ minimum: 1 }), { description: 'By engine' }),
});

export const ShownConfiguration = Type.Object({
  version: Version,
  properties: Type.Array(ShownProperty, {
    description:
      'What holds for the branch, by name, of throttles each on the way up; without a branch what each says, by branch and name',
  }),
  throttles: nullable(
    Type.Array(ShownThrottle, {
      description: 'Of the branch and those above, or all; null: the queue cannot be asked',
    }),
  ),
});

export const SettingRequest = Type.Object(
  {
    branch: Branch,
    property: PropertyName,
    value: anyJson('At most 65,536 characters of JSON, not null. Paths in it are absolute'),
    dryRun: Type.Optional(Type.Boolean({ description: 'Tell what would hold, and change nothing. Default false' })),
  },
  { additionalProperties: false },
);

export const UnsetQuery = Type.Object(
  {
    branch: Branch,
    property: PropertyName,
    dryRun: Type.Optional(oneOf(['true', 'false'], 'Tell what would hold, and change nothing. Default false')),
  },
  { additionalProperties: false },
);

export const SettingResult = Type.Object({
  branch: Type.String(),
  property: Type.String(),
  version: Version,
  before: nullable(ShownProperty),
  now: nullable(ShownProperty),
});

export type ConfigurationQuery = Static<typeof ConfigurationQuery>;
export type ShownProperty = Static<typeof ShownProperty>;
export type ShownThrottle = Static<typeof ShownThrottle>;
export type ShownConfiguration = Static<typeof ShownConfiguration>;
export type SettingRequest = Static<typeof SettingRequest>;
export type UnsetQuery = Static<typeof UnsetQuery>;
export type SettingResult = Static<typeof SettingResult>;
