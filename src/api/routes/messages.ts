// POST /v1/messages.

import { type App, problemResponses, type Service, userOf } from '../app.js';
import { CallHeaders } from '../schema/fields.js';
import { MessageRequest, PublishedMessage } from '../schema/messages.js';

export function messageRoutes(app: App, { engine }: Service): void {
  app.post(
    '/v1/messages',
    {
      schema: {
        operationId: 'publish',
        summary: 'Publish a message, durably, to workflows that wait for it now or later',
        headers: CallHeaders,
        body: MessageRequest,
        response: { 201: PublishedMessage, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { publisher } = request.body;
      await engine.publish(request.body, userOf(request));
      return reply.code(201).send({ publisher });
    },
  );
}
