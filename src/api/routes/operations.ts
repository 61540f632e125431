// POST /v1/operations/NAME.

import { type App, problemResponses, type Service, userOf } from '../app.js';
import { CallHeaders } from '../schema/fields.js';
import { OperationRequest, OperationResult, operations, RestartRequest } from '../schema/operations.js';

const summaries = {
  pause: 'Hold instances at their next transaction break until they are resumed',
  resume: 'Let paused instances go on',
  remove: 'Take instances away: at once where they wait, at their next transaction break where they execute',
  recover:
    'Begin what has failed again (FAILED, waiting for a retry, or with an error handler at work) from the transaction that failed',
  expedite: 'Have triggers that wait fire at once; what runs does so at the next it reaches',
  interrupt: 'Roll what executes back to its last transaction break; it begins again at once',
  restart: 'Remove instances and submit them again, with the same input, priority and given name',
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
          body: operation === 'restart' ? RestartRequest : OperationRequest,
          response: { 200: OperationResult, ...problemResponses },
        },
      },
      async request => {
        const { target, ...options } = request.body;
        const user = userOf(request);
        const asked = user === undefined ? options : { ...options, user };
        return { operation, target, ...(await engine[operation](target, asked)) };
      },
    );
  }
}
