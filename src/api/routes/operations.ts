// POST /v1/operations/NAME: what it came to, and, to who accepts lines, how far it is until then.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OperationOptions } from '../../engine/operations/operation-options.js';
import { type App, problemResponses, type Service, userOf } from '../app.js';
import { answerInLines, wantsLines } from '../operation-stream.js';
import { CallHeaders } from '../schema/fields.js';
import {
  type Operation,
  OperationRequest,
  type OperationResult,
  operationAnswer,
  operations,
  RecoverRequest,
  RemoveRequest,
  RenameRequest,
  RescheduleRequest,
  RestartRequest,
} from '../schema/operations.js';
import { mediaTypes } from '../schema/protocol.js';

const summaries = {
  pause: 'Hold instances at their next transaction break until they are resumed',
  resume: 'Let paused instances go on',
  remove: 'Take instances away: at once where they wait, at their next transaction break where they execute',
  recover:
    'Begin what has failed again (FAILED, waiting for a retry, or with an error handler at work) from the transaction that failed, of its own version of the workflow or another',
  expedite: 'Have triggers that wait fire at once; what runs does so at the next it reaches',
  interrupt: 'Roll what executes back to its last transaction break; it begins again at once',
  restart: 'Remove instances and submit them again, with the same input, priority, key and given name',
  reschedule: 'Give timers and delays that wait another time to fire, or timers another schedule',
  rename: 'Give an instance another name of its own, or a workflow or branch with what lives in it another one',
} as const;

/** Of those that may be told more than what they name. */
const bodies = {
  remove: RemoveRequest,
  recover: RecoverRequest,
  restart: RestartRequest,
  reschedule: RescheduleRequest,
} as const;

export function operationRoutes(app: App, service: Service): void {
  const { engine } = service;
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
          response: { 200: operationAnswer, ...problemResponses },
        },
      },
      async (request, reply) => {
        const { target, ...options } = request.body;
        return answer(service, request, reply, { operation, target }, told =>
          engine[operation](target, { ...options, ...callerOf(request), ...told }),
        );
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
        response: { 200: operationAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { target, ...options } = request.body;
      return answer(service, request, reply, { operation: 'rename', target }, told =>
        engine.rename(target, { ...options, ...callerOf(request), ...told }),
      );
    },
  );
}

/** As JSON when it is over, or in lines on the way. */
async function answer(
  service: Service,
  request: Pick<FastifyRequest, 'headers'>,
  reply: unknown,
  asked: Pick<OperationResult, 'operation' | 'target'>,
  work: (told: Pick<OperationOptions, 'onProgress'>) => Promise<Omit<OperationResult, 'operation' | 'target'>>,
): Promise<OperationResult | FastifyReply> {
  if (wantsLines(request)) {
    return answerInLines(service, reply as FastifyReply, async onProgress => ({
      ...asked,
      ...(await work({ onProgress })),
    }));
  }
  void (reply as FastifyReply).type(mediaTypes.json);
  return { ...asked, ...(await work({})) };
}

/** Who asks, if that was said. */
function callerOf(request: Parameters<typeof userOf>[0]): { readonly user?: string } {
  const user = userOf(request);
  return user === undefined ? {} : { user };
}

function isTold(operation: Operation): operation is keyof typeof bodies {
  return Object.hasOwn(bodies, operation);
}
