// GET /v1/runs and below: the history of runs. POST /v1/runs/clear.

import { type App, problemResponses, type Service, userOf } from '../app.js';
import { CallHeaders } from '../schema/fields.js';
import { limits } from '../schema/protocol.js';
import {
  AveragePage,
  AveragesQuery,
  ClearedRuns,
  ClearRunsRequest,
  ExecutionPage,
  ExecutionsQuery,
  RunPage,
  RunsQuery,
} from '../schema/runs.js';

export function runRoutes(app: App, { engine }: Service): void {
  app.get(
    '/v1/runs',
    {
      schema: {
        operationId: 'listRuns',
        summary: 'The history of runs, the newest first',
        querystring: RunsQuery,
        response: { 200: RunPage, ...problemResponses },
      },
    },
    ({ query: { scope = '/', state = null, after = null, limit = limits.pageDefault } }) =>
      engine.reads.runPage(scope, state, after, limit) as Promise<RunPage>,
  );

  app.get(
    '/v1/runs/averages',
    {
      schema: {
        operationId: 'listRunAverages',
        summary: 'What runs and actions took on average, of those in the history',
        querystring: AveragesQuery,
        response: { 200: AveragePage, ...problemResponses },
      },
    },
    ({ query: { scope = '/', after = null, limit = limits.pageDefault } }) =>
      engine.reads.averagePage(scope, after, limit) as Promise<AveragePage>,
  );

  app.get(
    '/v1/runs/executions',
    {
      schema: {
        operationId: 'listExecutions',
        summary: 'What the actions of an instance took',
        querystring: ExecutionsQuery,
        response: { 200: ExecutionPage, ...problemResponses },
      },
    },
    ({ query: { instance, after = null, limit = limits.pageDefault } }) =>
      engine.reads.executionPage(instance, after, limit) as Promise<ExecutionPage>,
  );

  app.post(
    '/v1/runs/clear',
    {
      schema: {
        operationId: 'clearRunHistory',
        summary: 'Tell no more of runs that are over, and begin their averages anew',
        headers: CallHeaders,
        body: ClearRunsRequest,
        response: { 200: ClearedRuns, ...problemResponses },
      },
    },
    request => engine.clearRunHistory(request.body.scope, userOf(request)),
  );
}
