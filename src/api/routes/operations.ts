// POST /v1/operations/NAME.

import { type App, problemResponses, type Service, userOf } from '../app.js';
import { CallHeaders } from '../schema/fields.js';
import {
  type Operation,
  OperationRequest,
  OperationResult,
  operations,
  RemoveRequest,
  RenameRequest,
  RescheduleRequest,
  RestartRequest,
} from '../schema/operations.js';

const summaries = {
  pause: 'Hold instances at their next transaction break until they are resumed',
  resume: 'Let paused instances go on',
  remove: 'Take instances away: at once where they wait, at their next transaction break where they execute',
  recover:
    'Begin what has failed again (FAILED, waiting for a retry, or with an error handler at work) from the transaction that failed',
  expedite: 'Have triggers that wait fire at once; what runs does so at the next it reaches',
  interrupt: 'Roll what executes back to its last transaction break; it begins again at once',
  restart: 'Remove instances and submit them again, with the same input, priority and given name',
  reschedule: 'Give timers and delays that wait another time to fire, or timers another schedule',
  rename: 'Give an instance another name of its own, or a workflow or branch with what lives in it another one',
} as const;

/** Of those that may be told more than what they name. */
const bodies = { remove: RemoveRequest, restart: RestartRequest, reschedule: RescheduleRequest } as const;

export function operationRoutes(app: App, { engine }: Service): void {
  for (const operation of operations) {
    if (operation === 'rename') continue;
    app.post(
      `/v1/operations/${operation}`,
      {
        schema: {
          operationId: operation,
          summary: summaries[operation],
          headers: CallHeaders,
          body: isTold(operation) ? bodies[operation] : OperationRequest,
          response: { 200: OperationResult, ...problemResponses },
        },
      },
      async request => {
        const { target, ...options } = request.body;
        return { operation, target, ...(await engine[operation](target, { ...options, ...callerOf(request) })) };
      },
    );
  }
  app.post(
    '/v1/operations/rename',
    {
      schema: {
        operationId: 'rename',
        summary: summaries.rename,
        headers: CallHeaders,
        body: RenameRequest,
        response: { 200: OperationResult, ...problemResponses },
      },
    },
    async request => {
      const { target, ...options } = request.body;
      const done = await engine.rename(target, { ...options, ...callerOf(request) });
      return { operation: 'rename' as const, target, ...done };
    },
  );
}

/** Who asks, if that was said. */
function callerOf(request: Parameters<typeof userOf>[0]): { readonly user?: string } {
  const user = userOf(request);
  return user === undefined ? {} : { user };
}

function isTold(operation: Operation): operation is keyof typeof bodies {
  return Object.hasOwn(bodies, operation);
}
