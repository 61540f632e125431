// Messages between workflows, and what is known of other workflows by the audit: the action that publishes, the triggers that
// wait. Part of the model.

import Type, { type Static } from 'typebox';
import { actionProperties, limits } from './action-properties.js';
import { triggerProperties } from './trigger-model.js';

const Publisher = Type.String({ minLength: 2, maxLength: 1_024 });
/** What an event must look like; `*` stands for any characters. */
const Pattern = Type.Optional(Type.String({ minLength: 1, maxLength: limits.textLengthMax }));

/** Publishes a message when its transaction is committed, and not when that is rolled back. RESULT stays what it was. */
export const PublishAction = Type.Object(
  {
    ...actionProperties,
    type: Type.Literal('publish'),
    /** Full name of the publisher: `/branch/name`. It is made by its first message. */
    publisher: Publisher,
    /** `queue`: one takes each message. `topic`: each that waits gets it. Default: what the publisher has, else `queue`. */
    style: Type.Optional(Type.Union([Type.Literal('queue'), Type.Literal('topic')])),
    /** What it says, at most 256 kB of JSON; texts are substituted. Selectors read its members. Default `{}`. */
    data: Type.Optional(Type.Unknown()),
    /** 1 is the highest. Default 10. */
    priority: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** So long it can be taken, a relative time expression. Default: for ever, of a topic a day. */
    expires: Type.Optional(Type.String({ minLength: 2, maxLength: limits.nameLengthMax })),
  },
  { additionalProperties: false },
);

/** Waits for a message. RESULT is `{ data, priority, publishedAt, publisher }`. */
export const MessageTrigger = Type.Object(
  {
    ...triggerProperties,
    type: Type.Literal('message'),
    /** Full name of the publisher: `/branch/name`. It need not be there yet. */
    publisher: Publisher,
    /** Only a message of whose data this is true: `region = 'EU' AND amount > 100` (src/flow/condition/README.md). */
    selector: Type.Optional(Type.String({ maxLength: limits.textLengthMax })),
  },
  { additionalProperties: false },
);

/**
 * Waits for an event of other workflows in the audit, from when it is first reached on; each firing's event comes behind that
 * of the last. What the engine's audit filter leaves out never comes. RESULT is `{ timestamp, actionName, engineName,
 * eventMessage, eventName, namespace, username }`.
 */
export const AuditTrailTrigger = Type.Object(
  {
    ...triggerProperties,
    type: Type.Literal('auditTrail'),
    /** Name of the event, dotted, short or a milestone's own. In all of these `*` stands for any characters. Default: any. */
    event: Pattern,
    /** Name of the action. Default: any, or none. */
    action: Pattern,
    /** Name of the engine. Default: any. */
    engine: Pattern,
    /** The event's message. Default: any, or none. */
    message: Pattern,
    /** Full name of the workflow: `/orders/*`. Default: any, or none. */
    workflow: Pattern,
    /** Who caused it. Default: anybody. */
    user: Pattern,
    /** Whether events of its own instance count. Default false. */
    own: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export type PublishAction = Static<typeof PublishAction>;
export type MessageTrigger = Static<typeof MessageTrigger>;
export type AuditTrailTrigger = Static<typeof AuditTrailTrigger>;
