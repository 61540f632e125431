// Cross-origin requests: which pages of a browser may use the service (the Fetch standard's CORS protocol).
//
// None, unless their origin is in the list: without users, any page in a browser on this machine could else do everything.
// What a page of another origin sends nevertheless is refused before it does anything: routes that change something take
// JSON or lines alone, which a browser asks leave for first.

import { EngineError } from '../observe/errors.js';
import type { App } from './app.js';
import { headers } from './schema/protocol.js';

const methods = 'GET, POST, PUT, DELETE';
const requestHeaders = ['accept', 'content-type', ...Object.values(headers)].join(', ');
/** What a page may read of an answer, beside what it may anyway. */
const answerHeaders = 'retry-after';
/** A browser need not ask again for so long, s. */
const maxAge = '600';

/** @throws EngineError `OPTION_INVALID` when one is no origin: scheme, host and port, as a browser sends it */
export function assertOrigins(origins: readonly string[]): void {
  for (const origin of origins) {
    if (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin) continue;
    throw new EngineError(
      'OPTION_INVALID',
      `cors: "${origin}" must be an origin as browsers send it, such as http://localhost:5173 (no path, no wildcard)`,
    );
  }
}

/** Answers browsers that ask for leave, and says in every answer to a listed origin that its page may read it. */
export function allowOrigins(app: App, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  app.addHook('onRequest', async ({ method, headers: sent }, reply) => {
    const { raw } = reply;
    // On the raw answer, so that streams carry them, too.
    raw.setHeader('vary', 'origin');
    if (sent.origin === undefined || !allowed.has(sent.origin)) return;
    raw.setHeader('access-control-allow-origin', sent.origin);
    raw.setHeader('access-control-expose-headers', answerHeaders);
    if (method !== 'OPTIONS' || sent['access-control-request-method'] === undefined) return;
    raw.setHeader('access-control-allow-methods', methods);
    raw.setHeader('access-control-allow-headers', requestHeaders);
    raw.setHeader('access-control-max-age', maxAge);
    // A page of a public site may reach a loopback address only when that is said.
    if (sent['access-control-request-private-network'] === 'true') {
      raw.setHeader('access-control-allow-private-network', 'true');
    }
    return reply.code(204).send();
  });
}
