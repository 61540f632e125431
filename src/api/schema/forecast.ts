// GET /v1/forecast: what timers will fire.

import Type, { type Static } from 'typebox';
import { nullable, Scope, timeMs } from './fields.js';
import { limits } from './protocol.js';

export const ForecastQuery = Type.Object(
  {
    scope: Type.Optional(Scope),
    fromMs: timeMs('Firings from this time on'),
    toMs: timeMs('Firings up to this time'),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.forecastMax,
        description: 'Firings at most, the first. Default: as many',
      }),
    ),
  },
  { additionalProperties: false },
);

export const Forecast = Type.Object({
  firings: Type.Array(
    Type.Object({
      atMs: timeMs('Scheduled'),
      workflow: Type.String(),
      instance: nullable(Type.String({ description: 'null: of the stored workflow, as if submitted at fromMs' })),
      action: Type.String({ description: 'The timer' }),
    }),
    { maxItems: limits.forecastMax, description: 'In order of time' },
  ),
  isCut: Type.Boolean({ description: 'There are more' }),
});

export type ForecastQuery = Static<typeof ForecastQuery>;
export type Forecast = Static<typeof Forecast>;
