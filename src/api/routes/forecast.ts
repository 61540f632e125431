// GET /v1/forecast: what timers will fire.

import { type App, problemResponses, type Service } from '../app.js';
import { Forecast, ForecastQuery } from '../schema/forecast.js';

export function forecastRoutes(app: App, { engine }: Service): void {
  app.get(
    '/v1/forecast',
    {
      schema: {
        operationId: 'forecast',
        summary: 'What the timers of living instances and of stored workflows will fire',
        querystring: ForecastQuery,
        response: { 200: Forecast, ...problemResponses },
      },
    },
    ({ query }) => engine.reads.forecast(query),
  );
}
