// POST /v1/operations/pause, resume, remove, recover.

import { type App, problemResponses, type Service, userOf } from '../app.js';
import { CallHeaders } from '../schema/fields.js';
import { OperationRequest, OperationResult, operations } from '../schema/operations.js';

const summaries = {
  pause: 'Hold instances at their next transaction break until they are resumed',
  resume: 'Let paused instances go on',
  remove: 'Take instances away: at once where they wait, at their next transaction break where they execute',
  recover:
    'Begin what has failed again (FAILED, waiting for a retry, or with an error handler at work) from the transaction that failed',
  expedite: 'Have triggers that wait fire at once; what runs does so at the next it reaches',
} as const;

export function operationRoutes(app: App, { engine }: Service): void {
  for (const operation of operations) {
    app.post(
      `/v1/operations/${operation}`,
      {
        schema: {
          operationId: operation,
          summary: summaries[operation],
          headers: CallHeaders,
          body: OperationRequest,
          response: { 200: OperationResult, ...problemResponses },
        },
      },
      async request => {
        const { target } = request.body;
        return { operation, target, ...(await engine[operation](target, userOf(request))) };
      },
    );
  }
}
