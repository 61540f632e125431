// GET /v1/audit: a page, or, to who accepts server-sent events, what happens from now on.

import type { FastifyRequest } from 'fastify';
import type { Engine } from '../../engine/engine.js';
import type { AuditFilter } from '../../engine/reads/audit-pages.js';
import { eventByName } from '../../workflow/events.js';
import { type App, problemResponses, type Service } from '../app.js';
import { follow } from '../audit-follow.js';
import { AuditPage, AuditQuery } from '../schema/audit.js';
import { headers, limits, mediaTypes } from '../schema/protocol.js';

export function auditRoutes(app: App, service: Service): void {
  const { engine } = service;
  app.get(
    '/v1/audit',
    {
      schema: {
        operationId: 'readAudit',
        summary: 'Audit events in pages; as text/event-stream: followed',
        querystring: AuditQuery,
        response: {
          200: {
            description: 'A page, or a stream of events `audit`, `position` and `problem`',
            content: {
              [mediaTypes.json]: { schema: AuditPage },
              [mediaTypes.events]: { schema: { type: 'string' } },
            },
          },
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { after = null, order = 'oldest', limit = limits.pageDefault } = request.query;
      const filter = await filterOf(request.query, engine);
      if (!wantsEvents(request as FastifyRequest)) {
        const { events, next, isEnd } = await engine.reads.auditPage(filter, after, order, limit);
        void reply.type(mediaTypes.json);
        return { events: events.map(({ record }) => record), next, isEnd };
      }
      const leave = service.gate.enter('followers');
      try {
        const last = request.headers[headers.lastEventId];
        const from = (typeof last === 'string' && last !== '' ? last : after) ?? (await engine.reads.auditEnd());
        // A cursor that is none is refused with a status, before the stream begins.
        await engine.reads.auditPage(filter, from, 'oldest', 1);
        reply.hijack();
        await follow(service, filter, from, reply.raw);
      } finally {
        leave();
      }
      return reply;
    },
  );
}

async function filterOf(query: AuditQuery, engine: Engine): Promise<AuditFilter> {
  const { instance, workflow, event, sinceMs } = query;
  return {
    ...(instance === undefined ? {} : { instance: await engine.reads.idOf(instance) }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(event === undefined ? {} : { event: eventByName(event)?.name ?? event }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

function wantsEvents({ headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.split(',').some(each => each.trim().split(';')[0]!.trim().toLowerCase() === mediaTypes.events);
}
