// PUT and GET /v1/workflows, /v1/workflows/:name, POST /v1/workflows/copy: the repository of definitions.

import { isAbsolute } from 'node:path';
import { type App, problemResponses, type Service, userOf } from '../app.js';
import { CallHeaders } from '../schema/fields.js';
import { limits } from '../schema/protocol.js';
import {
  CopyRequest,
  Deployed,
  DeployRequest,
  StoredWorkflow,
  WorkflowPage,
  WorkflowParams,
  WorkflowQuery,
  WorkflowsQuery,
} from '../schema/workflows.js';
import { ServiceFault } from '../service-fault.js';

export function workflowRoutes(app: App, { engine }: Service): void {
  app.put(
    '/v1/workflows',
    {
      schema: {
        operationId: 'deploy',
        summary: 'Verify a definition and store it as the newest version of its name',
        headers: CallHeaders,
        body: DeployRequest,
        response: { 200: Deployed, ...problemResponses },
      },
    },
    async request => {
      const { definition, baseFolder } = request.body;
      if (baseFolder !== undefined && !isAbsolute(baseFolder)) {
        throw new ServiceFault('REQUEST_INVALID', `body: baseFolder: "${baseFolder}" is no absolute path`);
      }
      return engine.deploy(definition, baseFolder, userOf(request));
    },
  );

  app.get(
    '/v1/workflows',
    {
      schema: {
        operationId: 'listWorkflows',
        summary: 'What is deployed: the newest of each, or all versions of one with their definitions',
        querystring: WorkflowsQuery,
        response: { 200: WorkflowPage, ...problemResponses },
      },
    },
    async ({ query: { name = null, after = null, limit = limits.pageDefault } }) => {
      const { workflows, next } = await engine.reads.workflowPage(name, after, limit);
      return {
        workflows: workflows.map(({ definition, baseFolder: _, ...rest }) => ({
          ...rest,
          ...(name === null ? {} : { definition }),
        })),
        next,
      };
    },
  );

  app.get(
    '/v1/workflows/:name',
    {
      schema: {
        operationId: 'showWorkflow',
        summary: 'One version of a workflow, the newest if none is named, with its definition',
        params: WorkflowParams,
        querystring: WorkflowQuery,
        response: { 200: StoredWorkflow, ...problemResponses },
      },
    },
    ({ params, query }) => engine.reads.workflow(params.name, query.version ?? null),
  );

  app.post(
    '/v1/workflows/copy',
    {
      schema: {
        operationId: 'copyWorkflow',
        summary: 'Store a version under another name, or as the newest of its own',
        headers: CallHeaders,
        body: CopyRequest,
        response: { 200: Deployed, ...problemResponses },
      },
    },
    async request => engine.copyWorkflow(request.body, userOf(request)),
  );
}
