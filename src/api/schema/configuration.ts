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
  description: 'In any case: PRIORITY, DEFAULT_FLOW_CHART_ERROR_HANDLER, LISTENER_CLASSPATH, or a variable',
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

export const ShownConfiguration = Type.Object({
  version: Version,
  properties: Type.Array(ShownProperty, {
    description: 'What holds for the branch, by name; without a branch what each says, by branch and name',
  }),
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
export type ShownConfiguration = Static<typeof ShownConfiguration>;
export type SettingRequest = Static<typeof SettingRequest>;
export type UnsetQuery = Static<typeof UnsetQuery>;
export type SettingResult = Static<typeof SettingResult>;
