// Problems: every error of the service, as RFC 9457 has them, with our stable codes.

import Type, { type Static } from 'typebox';
import { type ErrorCode, errorCodes } from '../../observe/errors.js';
import { oneOf } from './fields.js';

/** Codes of the service itself, beside those of the engine. */
export const serviceCodes = {
  REQUEST_INVALID: 'the request is not as the schema of its route says',
  ROUTE_UNKNOWN: 'there is no such route',
  METHOD_NOT_ALLOWED: 'the route does not take this method',
  REQUEST_TIMEOUT: 'the request did not come to its end',
  BODY_TOO_LARGE: 'the body, or a line of it, is too large',
  MEDIA_TYPE_UNSUPPORTED: 'the route does not take this media type',
  HOST_REFUSED: 'the request was made to a name that is not a name of the loopback interface',
  RATE_LIMITED: 'too many requests',
  OVERLOADED: 'the service has as much to do as it takes; nothing was done',
  SERVICE_STOPPING: 'the service stops; nothing was done',
  INTERNAL: 'a fault of the service; its log tells more',
} as const;

export type ServiceCode = keyof typeof serviceCodes;
export type ProblemCode = ErrorCode | ServiceCode;

export const problemCodes = Object.keys({ ...errorCodes, ...serviceCodes }) as readonly ProblemCode[];

export const problemTypePrefix = 'urn:millrace:problem:';

/** One fault of a workflow's definition. */
export const DefinitionFault = Type.Object({
  code: Type.String({ maxLength: 100 }),
  message: Type.String(),
  path: Type.String({ description: 'The field, such as actions[0].retry.delayMs' }),
});

export const Problem = Type.Object({
  type: Type.String({ description: `\`${problemTypePrefix}\` and the code` }),
  title: Type.String({ description: 'What the code means' }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  code: oneOf(problemCodes, 'Stable; programs decide by it'),
  detail: Type.String({ description: 'What, where and with which value, for people' }),
  instance: Type.Optional(
    Type.String({ description: "Of INTERNAL: `urn:uuid:` and the id under which the engine's log tells more" }),
  ),
  retryAfterMs: Type.Optional(
    Type.Integer({ minimum: 0, description: 'The same request may succeed here after so long' }),
  ),
  line: Type.Optional(Type.Integer({ minimum: 1, description: 'Line of a stream that was refused, from 1' })),
  index: Type.Optional(Type.Integer({ minimum: 0, description: "The same, counted in the stream's instances from 0" })),
  faults: Type.Optional(Type.Array(DefinitionFault, { maxItems: 1_000, description: 'All faults of a definition' })),
});

export type Problem = Static<typeof Problem>;
