// Errors as problems: which status a code has, and what of an error is told.

import type { FastifyError } from 'fastify';
import { EngineError, errorCodes } from '../observe/errors.js';
import { DefinitionError } from '../workflow/fault.js';
import { type Problem, type ProblemCode, problemTypePrefix, serviceCodes } from './schema/problem.js';
import { LineFault, type LinePlace, ServiceFault } from './service-fault.js';

const statusOf: Readonly<Record<ProblemCode, number>> = {
  INPUT_INVALID: 400,
  WORKFLOW_INVALID: 400,
  NAMESPACE_INVALID: 400,
  CURSOR_INVALID: 400,
  OPTION_INVALID: 400,
  SETTING_INVALID: 400,
  REQUEST_INVALID: 400,
  WORKFLOW_UNKNOWN: 404,
  INSTANCE_UNKNOWN: 404,
  ACTION_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  NAME_TAKEN: 409,
  INSTANCE_SPLIT: 409,
  ACTION_UNSUITABLE: 409,
  KEY_REUSED: 409,
  PUBLISHER_STYLE: 409,
  SETTINGS_FULL: 409,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  HOST_REFUSED: 421,
  RATE_LIMITED: 429,
  PUBLISHER_FULL: 429,
  INTERNAL: 500,
  OVERLOADED: 503,
  OPERATION_CONTENDED: 503,
  SERVICE_STOPPING: 503,
  ENGINE_DISPOSED: 503,
  ENGINE_STOPPED: 503,
  STORE_LOCKED: 503,
  STORE_FAILED: 503,
  STORE_UNAVAILABLE: 503,
  QUEUE_LOST: 503,
  QUEUE_UNAVAILABLE: 503,
  QUEUE_UNSUITABLE: 500,
  STORE_NOT_DURABLE: 503,
  STORE_NEWER: 503,
  SIGNAL_UNKNOWN: 404,
};

/** Codes after which the same request may succeed here, and when. */
const retryAfterMs: Partial<Record<ProblemCode, number>> = {
  RATE_LIMITED: 1_000,
  OVERLOADED: 1_000,
  OPERATION_CONTENDED: 1_000,
  STORE_UNAVAILABLE: 1_000,
  QUEUE_LOST: 1_000,
  QUEUE_UNAVAILABLE: 1_000,
};

const titles: Readonly<Record<ProblemCode, string>> = { ...errorCodes, ...serviceCodes };
const detailLengthMax = 4_000;

export function problemOf(error: unknown): Problem {
  if (error instanceof LineFault) {
    const cause = problemOf(error.cause);
    // The engine counts the records of a batch, which the sender does not know.
    const detail = `line ${error.place.line}: ${cause.detail.replace(/^record \d+: /, '')}`;
    return { ...cause, detail, ...error.place };
  }
  if (error instanceof ServiceFault) return problem(error.code, error.message, error.place);
  if (error instanceof EngineError) return problem(error.code, error.message.slice(error.code.length + 2));
  if (error instanceof DefinitionError) {
    const { faults } = error;
    const told = faults.slice(0, 1_000).map(({ code, message, path }) => ({ code, message, path }));
    const first = faults[0];
    const detail =
      first === undefined
        ? 'the definition has faults'
        : `${first.path === '' ? '' : `${first.path}: `}${first.message}${faults.length > 1 ? `; and ${faults.length - 1} more` : ''}`;
    return { ...problem('WORKFLOW_INVALID', detail), faults: told };
  }
  return problemOfRequest(error) ?? problem('INTERNAL', 'the service has met a fault of its own');
}

/** What Fastify, or the store of a text that came with the request, refuses; `null` when it is no fault of the request. */
function problemOfRequest(error: unknown): Problem | null {
  if (!(error instanceof Error)) return null;
  const { code = '', statusCode = 500 } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return problem('BODY_TOO_LARGE', error.message);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return problem('MEDIA_TYPE_UNSUPPORTED', error.message);
  // SQLSTATE class 22: a value PostgreSQL cannot take, such as a name with a NUL.
  if (error.name === 'SqlError' && code.startsWith('22')) {
    return problem('REQUEST_INVALID', 'a text in the request cannot be looked for in the store');
  }
  return statusCode >= 400 && statusCode < 500 ? problem('REQUEST_INVALID', error.message) : null;
}

function problem(code: ProblemCode, detail: string, place: LinePlace = {}): Problem {
  const afterMs = retryAfterMs[code];
  return {
    type: `${problemTypePrefix}${code}`,
    title: titles[code],
    status: statusOf[code],
    code,
    detail: detail.slice(0, detailLengthMax),
    ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
    ...place,
  };
}
