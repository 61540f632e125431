// POST /v1/operations/signal.

import { type App, problemResponses, type Service, userOf } from '../app.js';
import { CallHeaders } from '../schema/fields.js';
import { SignalRequest, SignalResult } from '../schema/signals.js';

export function signalRoutes(app: App, { engine }: Service): void {
  app.post(
    '/v1/operations/signal',
    {
      schema: {
        operationId: 'signal',
        summary: 'Raise or clear a signal in instances in which it is monitored',
        headers: CallHeaders,
        body: SignalRequest,
        response: { 200: SignalResult, ...problemResponses },
      },
    },
    async request => {
      const { target, signal, clear = false, dryRun = false } = request.body;
      const user = userOf(request);
      const change = clear ? 'clearSignal' : 'raiseSignal';
      const asked = user === undefined ? { dryRun } : { dryRun, user };
      return { target, signal, ...(await engine[change](target, signal, asked)) };
    },
  );
}
