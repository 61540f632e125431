// The HTTP service over an engine: the routes, and what guards all of them.

import { setMaxListeners } from 'node:events';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import swagger from '@fastify/swagger';
import { type FastifyReply, fastify } from 'fastify';
import type { Engine } from '../engine/engine.js';
import { IdSource } from '../engine/ids.js';
import { type Clock, systemClock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import type { App, Service } from './app.js';
import { allowOrigins, assertOrigins } from './cross-origin.js';
import { Gate } from './gate.js';
import { assertLoopback, isOwnHost } from './loopback.js';
import { problemOf } from './problems.js';
import { auditRoutes } from './routes/audit.js';
import { configurationRoutes } from './routes/configuration.js';
import { forecastRoutes } from './routes/forecast.js';
import { instanceRoutes } from './routes/instances.js';
import { messageRoutes } from './routes/messages.js';
import { operationRoutes } from './routes/operations.js';
import { runRoutes } from './routes/runs.js';
import { signalRoutes } from './routes/signals.js';
import { submitRoutes } from './routes/submit.js';
import { workflowRoutes } from './routes/workflows.js';
import { defaultPort, limits, mediaTypes } from './schema/protocol.js';
import { ServiceFault } from './service-fault.js';
import { toldProblem } from './told-problem.js';
import { validatorCompiler } from './validation.js';

export interface ServiceOptions {
  /** A name or address of the loopback interface. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. Default 7433. */
  readonly port?: number;
  /** Requests a second, on average. Default 20,000. */
  readonly requestsPerSecondMax?: number;
  /** The headers of a request must have come within so long, ms. Default 30,000. */
  readonly headersMs?: number;
  readonly version?: string;
  readonly clock?: Clock;
  /** Told of faults of the service's own, with the id the client is told. Default: they go into the engine's log. */
  readonly failed?: (error: unknown, id: string) => void;
  /** Origins (`http://localhost:5173`) whose pages may use the service from a browser. Default: none. */
  readonly origins?: readonly string[];
}

export interface RunningService {
  /** `http://127.0.0.1:7433` */
  readonly url: string;
  /**
   * Take nothing new, answer what is under way, close. Streams are stopped behind what is stored, waits are answered
   * with 202, followers end.
   *
   * @param graceMs after so long connections are cut
   */
  close(graceMs: number): Promise<void>;
}

/** Each may hold a body of 1 MiB. */
const connectionsMax = 2_000;
const sweepMs = 50;
const otherMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Serve an engine. Whether it is started or not is the caller's affair: a stopped one takes submits too.
 *
 * @throws EngineError `OPTION_INVALID` when the host is not loopback, the port is taken or an origin is none
 */
export async function serve(engine: Engine, options: ServiceOptions = {}): Promise<RunningService> {
  const { host = '127.0.0.1', port = defaultPort, clock = systemClock, requestsPerSecondMax = 20_000 } = options;
  assertLoopback(host);
  assertOrigins(options.origins ?? []);
  const stopping = new AbortController();
  // As many listen as requests wait; the gate bounds them.
  setMaxListeners(0, stopping.signal);
  const service: Service = {
    engine,
    clock,
    gate: new Gate(clock, requestsPerSecondMax),
    stopping: stopping.signal,
    failed: options.failed ?? ((error, id) => engine.serviceFailed(error, id)),
    ids: new IdSource(clock),
  };
  const app = await createApp(service, options);
  let url: string;
  try {
    url = await app.listen({ host, port });
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new EngineError('OPTION_INVALID', `port: ${port} on ${host} is in use by another process`, { cause: error });
  }
  return {
    url,
    close: async graceMs => {
      stopping.abort();
      const timer = clock.setTimer(graceMs, () => app.server.closeAllConnections());
      // Connections kept alive become idle when their last answer has been given, after `close` has looked at them.
      const sweep = setInterval(() => app.server.closeIdleConnections(), sweepMs);
      await app.close();
      clearInterval(sweep);
      timer.cancel();
    },
  };
}

async function createApp(
  service: Service,
  { version = '0', headersMs = 30_000, origins = [] }: ServiceOptions,
): Promise<App> {
  const app: App = fastify({
    bodyLimit: limits.bodyBytesMax,
    // Names are URL-encoded; how long they may be is the schema's to say.
    routerOptions: { maxParamLength: 16_384 },
    connectionTimeout: limits.idleMs,
    // A stream may take as long as it likes, as long as something moves.
    requestTimeout: 0,
    http: { headersTimeout: headersMs, connectionsCheckingInterval: Math.min(headersMs, 5_000) },
    clientErrorHandler: refuseBroken,
    frameworkErrors: (error, _, reply) => sendProblem(service, error, reply as unknown as FastifyReply),
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  });
  app.server.maxConnections = connectionsMax;
  app.setValidatorCompiler(validatorCompiler);
  // First: a page is to be able to read why it is refused.
  allowOrigins(app, origins);
  guard(app, service);
  readBodies(app);
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const each of [method].flat()) known.add(each);
    methods.set(url, known);
  });
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Millrace', version, description: 'A durable workflow engine' } },
  });
  const routes = [
    submitRoutes,
    instanceRoutes,
    operationRoutes,
    workflowRoutes,
    auditRoutes,
    forecastRoutes,
    messageRoutes,
    signalRoutes,
    runRoutes,
    configurationRoutes,
  ];
  for (const add of routes) add(app, service);
  app.get('/metrics', { schema: { hide: true } }, async (_, reply) => {
    void reply.type('text/plain; version=0.0.4; charset=utf-8');
    return service.engine.reads.metricsText();
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  refuseOtherMethods(app, methods);
  await app.ready();
  return app;
}

/** What every request passes, and what every error becomes. */
function guard(app: App, service: Service): void {
  app.addHook('onRequest', async request => {
    if (!isOwnHost(request.headers.host)) {
      throw new ServiceFault('HOST_REFUSED', `host: "${request.headers.host ?? ''}" is not this machine's own name`);
    }
    if (service.stopping.aborted) throw new ServiceFault('SERVICE_STOPPING', 'the service stops; try another');
    service.gate.admit();
  });
  app.setNotFoundHandler(({ method, url }) => {
    throw new ServiceFault('ROUTE_UNKNOWN', `${method} ${url.slice(0, 200)}: /openapi.json tells what there is`);
  });
  app.setErrorHandler((error, _, reply) => sendProblem(service, error, reply as FastifyReply));
}

function sendProblem(service: Service, error: unknown, reply: FastifyReply): FastifyReply {
  const problem = toldProblem(service, error);
  if (problem.retryAfterMs !== undefined) {
    void reply.header('retry-after', String(Math.ceil(problem.retryAfterMs / 1_000)));
  }
  return reply.code(problem.status).type(mediaTypes.problem).send(problem);
}

/** What comes is no request, or not all of one. */
function refuseBroken(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const code = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'REQUEST_TIMEOUT' : 'REQUEST_INVALID';
  const problem = problemOf(new ServiceFault(code, error.message));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${mediaTypes.problem}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** JSON whole, lines as they come; nothing else. */
function readBodies(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(mediaTypes.json, { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, JSON.parse(body as string));
    } catch (error) {
      done(new ServiceFault('REQUEST_INVALID', `body: is not JSON: ${(error as Error).message}`));
    }
  });
  app.addContentTypeParser(mediaTypes.lines, (_, payload, done) => done(null, payload));
}

function refuseOtherMethods(app: App, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of [...methods]) {
    const others = otherMethods.filter(method => !known.has(method));
    const allow = [...known].join(', ');
    app.route({
      method: others,
      url,
      schema: { hide: true },
      handler: ({ method }, reply) => {
        void reply.header('allow', allow);
        throw new ServiceFault('METHOD_NOT_ALLOWED', `${method} ${url}: takes ${allow}`);
      },
    });
  }
}
