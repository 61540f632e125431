// What the routes have in common: the types that come from their schemas, and what they are given.

import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Engine } from '../engine/engine.js';
import type { IdSource } from '../engine/ids.js';
import type { Clock } from '../observe/clock.js';
import type { Gate } from './gate.js';
import { Problem } from './schema/problem.js';
import { headers, limits, mediaTypes } from './schema/protocol.js';
import { ServiceFault } from './service-fault.js';

/** A route's types are those of its schemas. */
export interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  readonly serializer: unknown;
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  SchemaTypes
>;

export interface Service {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly gate: Gate;
  /** Aborted when the service stops: what waits is answered, what is followed ends. */
  readonly stopping: AbortSignal;
  /** A fault of our own is logged under an id; what it says is for no client. */
  readonly failed: (error: unknown, id: string) => void;
  /** Of such faults. */
  readonly ids: IdSource;
}

const problemContent = { [mediaTypes.problem]: { schema: Problem } };

/** The answers every route may give beside its own. */
export const problemResponses = {
  '4xx': { description: 'Refused; nothing was done', content: problemContent },
  '5xx': { description: 'Failed, or not now: see Retry-After', content: problemContent },
} as const;

/** Who calls, for the audit; `undefined`: as whoever runs the server. @throws ServiceFault `REQUEST_INVALID` */
export function userOf(request: { readonly headers: { readonly [name: string]: unknown } }): string | undefined {
  const user = request.headers[headers.user];
  if (user === undefined) return undefined;
  if (typeof user === 'string' && new RegExp(`^[\\x21-\\x7e]{1,${limits.userLengthMax}}$`).test(user)) return user;
  throw new ServiceFault(
    'REQUEST_INVALID',
    `header ${headers.user}: must be 1 to ${limits.userLengthMax} visible ASCII characters`,
  );
}
