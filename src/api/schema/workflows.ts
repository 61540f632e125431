// Workflows: PUT /v1/workflows stores a definition, GET /v1/workflows lists what is stored, /v1/workflows/:name is one
// version, POST /v1/workflows/copy stores one under another name.

import Type, { type Static } from 'typebox';
import type { WorkflowDefinition } from '../../workflow/model.js';
import { Cursor, jsonObject, limit, nullable, timeMs, Version } from './fields.js';
import { limits } from './protocol.js';

export const DeployRequest = Type.Object(
  {
    definition: Type.Unsafe<WorkflowDefinition>({
      type: 'object',
      additionalProperties: true,
      description: 'The definition, as in a file. Every fault of it is told, with its field',
    }),
    baseFolder: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4_096,
        description: "Absolute folder on the server its module paths are relative to. Default: the server's own",
      }),
    ),
  },
  { additionalProperties: false },
);

/** A repeat of the newest version is that version: nothing is stored. */
export const Deployed = Type.Object({ name: Type.String(), version: Type.Integer({ minimum: 1 }) });

export const WorkflowsQuery = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: limits.nameLengthMax,
        description: 'All versions of this workflow, newest first, with their definitions. Default: the newest of each',
      }),
    ),
    after: Type.Optional(Cursor),
    limit: Type.Optional(limit(limits.workflowsPageMax)),
  },
  { additionalProperties: false },
);

export const WorkflowRecord = Type.Object({
  name: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  createdAtMs: timeMs('Deployed'),
  definition: Type.Optional(jsonObject('With `name` in the query')),
});

export const WorkflowPage = Type.Object({
  workflows: Type.Array(WorkflowRecord, { maxItems: limits.workflowsPageMax }),
  next: nullable(Type.String({ description: 'Cursor of the next page; null when there is none' })),
});

/** In the path: a full name, URL-encoded whole (each / is %2F). */
export const WorkflowParams = Type.Object({
  name: Type.String({ minLength: 2, maxLength: limits.nameLengthMax }),
});

export const WorkflowQuery = Type.Object({ version: Type.Optional(Version) }, { additionalProperties: false });

/** One version, with all that was stored. */
export const StoredWorkflow = Type.Object({
  name: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  createdAtMs: timeMs('Stored'),
  definition: Type.Unsafe<WorkflowDefinition>({
    type: 'object',
    additionalProperties: true,
    description: 'As in a file: stored once more it is the same version',
  }),
  baseFolder: Type.String({ description: 'Folder on the server its module paths are relative to' }),
});

export const CopyRequest = Type.Object(
  {
    from: Type.String({ minLength: 2, maxLength: limits.nameLengthMax, description: 'Name of a stored workflow' }),
    version: Type.Optional(Version),
    to: Type.String({
      minLength: 2,
      maxLength: limits.nameLengthMax,
      description:
        'Name of the copy: its newest version from now on. May be that of `from`: an old version is the newest again',
    }),
  },
  { additionalProperties: false },
);

export type DeployRequest = Static<typeof DeployRequest>;
export type Deployed = Static<typeof Deployed>;
export type WorkflowsQuery = Static<typeof WorkflowsQuery>;
export type WorkflowRecord = Static<typeof WorkflowRecord>;
export type WorkflowQuery = Static<typeof WorkflowQuery>;
export type StoredWorkflow = Static<typeof StoredWorkflow>;
export type CopyRequest = Static<typeof CopyRequest>;
export type WorkflowPage = Static<typeof WorkflowPage>;
