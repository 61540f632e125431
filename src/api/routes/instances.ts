// GET /v1/instances, /v1/instances/:name, its result, its export and why it waits: what became of instances.

import type { IncomingMessage } from 'node:http';
import type { InstanceResult as EngineResult } from '../../engine/commit/results.js';
import { type App, problemResponses, type Service } from '../app.js';
import {
  InstancePage,
  InstanceParams,
  InstancePending,
  InstanceRecord,
  InstanceResult,
  InstancesQuery,
  ResultQuery,
} from '../schema/instances.js';
import { limits } from '../schema/protocol.js';
import { Snapshot } from '../schema/snapshot.js';
import { Why } from '../schema/why.js';

export function instanceRoutes(app: App, service: Service): void {
  const { engine } = service;

  app.get(
    '/v1/instances',
    {
      schema: {
        operationId: 'listInstances',
        summary: 'Count instances by workflow and state, and list them in pages',
        querystring: InstancesQuery,
        response: { 200: InstancePage, ...problemResponses },
      },
    },
    async ({ query }) => {
      const { scope = '/', state = null, after = null, limit = limits.pageDefault } = query;
      const page = await engine.reads.instancePage(scope, state, after, limit);
      const counts = after !== null ? null : await engine.count(scope);
      return { counts: counts?.filter(each => state === null || each.state === state) ?? null, ...page };
    },
  );

  app.get(
    '/v1/instances/:name',
    {
      schema: {
        operationId: 'showInstance',
        summary: 'Everything known of an instance',
        params: InstanceParams,
        response: { 200: InstanceRecord, ...problemResponses },
      },
    },
    ({ params }) => engine.show(params.name),
  );

  app.get(
    '/v1/instances/:name/why',
    {
      schema: {
        operationId: 'whyInstance',
        summary: 'Why an instance does not run, or where it does, since when',
        params: InstanceParams,
        response: { 200: Why, ...problemResponses },
      },
    },
    ({ params }) => engine.why(params.name),
  );

  app.get(
    '/v1/instances/:name/export',
    {
      schema: {
        operationId: 'exportInstance',
        summary: 'An instance as it stands at one moment, with its workflow. Nothing is left out or hidden',
        params: InstanceParams,
        response: { 200: Snapshot, ...problemResponses },
      },
    },
    ({ params }) => engine.export(params.name),
  );

  app.get(
    '/v1/instances/:name/result',
    {
      schema: {
        operationId: 'awaitResult',
        summary: 'How an instance ended; waits for it, if asked to',
        params: InstanceParams,
        querystring: ResultQuery,
        response: {
          200: InstanceResult,
          202: { description: 'It has not ended; ask again', ...InstancePending },
          ...problemResponses,
        },
      },
    },
    async ({ params, query, raw }, reply) => {
      const instance = await engine.reads.idOf(params.name);
      const { waitMs = 0 } = query;
      // What ended just when the wait did is told, not kept for the next question.
      const result =
        (waitMs === 0 ? null : await waitFor(service, instance, waitMs, raw)) ??
        (await engine.reads.resultNow(instance));
      if (result !== null) return result;
      void reply.code(202);
      return { instance, state: 'pending' };
    },
  );
}

/** `null`: it has not ended within the time, the client has left, or the service stops. */
async function waitFor(
  { engine, clock, gate, stopping }: Service,
  instance: string,
  waitMs: number,
  raw: IncomingMessage,
): Promise<EngineResult | null> {
  const leave = gate.enter('waits');
  const waited = new AbortController();
  const stop = (): void => waited.abort(waited);
  const timer = clock.setTimer(waitMs, stop);
  raw.socket.once('close', stop);
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();
  try {
    return await engine.result(instance, waited.signal);
  } catch (error) {
    if (error === waited) return null;
    throw error;
  } finally {
    timer.cancel();
    raw.socket.off('close', stop);
    stopping.removeEventListener('abort', stop);
    leave();
  }
}
