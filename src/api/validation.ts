// Requests against their schemas, by the walker that checks definitions too: one verdict and one kind of message, and no
// compiled validator to wait for at start.

import type { FastifySchemaCompiler } from 'fastify';
import { conform, type Schema } from '../workflow/conform.js';
import { formatPath } from '../workflow/fault.js';
import { ServiceFault } from './service-fault.js';

const faultsToldMax = 20;

/** Marks the schema of a body that is read as a stream: it is documented, and checked line by line. */
export const streamed = { 'x-millrace-stream': true } as const;

export const validatorCompiler: FastifySchemaCompiler<Schema & Partial<typeof streamed>> = ({ schema, httpPart }) => {
  // Headers are documented by their schema; those we read are checked where they are.
  if (schema['x-millrace-stream'] === true || httpPart === 'headers') return () => true;
  const isText = httpPart === 'querystring' || httpPart === 'params';
  return (given: unknown) => {
    const value = isText ? fromTexts(given as Record<string, unknown>, schema) : given;
    const faults: string[] = [];
    conform(
      value,
      schema,
      [],
      (_code, path, message) => faults.push(path.length === 0 ? message : `${formatPath(path)}: ${message}`),
      (_path, keys) => keys,
    );
    if (faults.length === 0) return { value };
    const where = httpPart === 'querystring' ? 'query' : (httpPart ?? 'request');
    return { error: new ServiceFault('REQUEST_INVALID', `${where}: ${faults.slice(0, faultsToldMax).join('; ')}`) };
  };
};

/** In addresses everything is text; whole numbers are read where the schema has them. */
function fromTexts(texts: Record<string, unknown>, schema: Schema): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(texts)) {
    const isNumber = schema.properties?.[key]?.type === 'integer';
    value[key] = isNumber && typeof text === 'string' && /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  }
  return value;
}
