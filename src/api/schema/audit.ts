// The audit: GET /v1/audit, a page or, with `Accept: text/event-stream`, followed. See `protocol.ts`.

import Type, { type Static } from 'typebox';
import { anyJson, Cursor, limit, nullable, oneOf, Scope, timeMs } from './fields.js';
import { limits } from './protocol.js';

export const AuditQuery = Type.Object(
  {
    instance: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: limits.nameLengthMax + 37,
        description: 'Only this instance, with the call that submitted it: its id, workflow/id or given name',
      }),
    ),
    workflow: Type.Optional(Scope),
    event: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'Only this event: its dotted, short or console name, or one of your own',
      }),
    ),
    sinceMs: Type.Optional(timeMs('Only events from this time on')),
    after: Type.Optional(Cursor),
    order: Type.Optional(
      oneOf(['oldest', 'newest'], 'Which come first. Default oldest. Following is always oldest first'),
    ),
    limit: Type.Optional(limit(limits.auditPageMax)),
  },
  { additionalProperties: false },
);

/** One event; the data of a server-sent `audit` event. */
export const AuditEvent = Type.Object({
  at: Type.String({ description: 'ISO time' }),
  event: Type.String({ description: 'Dotted name' }),
  shortName: Type.String(),
  family: Type.String(),
  workflow: nullable(Type.String()),
  workflowVersion: nullable(Type.Integer({ minimum: 1 })),
  instance: nullable(Type.String({ description: "null: the engine's own, or a call that concerned many" })),
  action: nullable(Type.String()),
  attempt: Type.Integer({ minimum: 1 }),
  engine: Type.String(),
  user: nullable(Type.String()),
  message: nullable(Type.String()),
  data: anyJson('Input, variables, result or error, by the event; else null'),
  seq: Type.Integer({ minimum: 0, description: 'Of the row that holds it; events of one row were committed together' }),
});

export const AuditPage = Type.Object({
  events: Type.Array(AuditEvent, { maxItems: limits.auditPageMax }),
  next: Type.String({ description: 'Cursor behind the last event; at the end too, for later or for following' }),
  isEnd: Type.Boolean({ description: 'There was nothing further when the page was read' }),
});

export type AuditQuery = Static<typeof AuditQuery>;
export type AuditEvent = Static<typeof AuditEvent>;
export type AuditPage = Static<typeof AuditPage>;
