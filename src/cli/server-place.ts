// A running server as a place that commands look at, and its errors as those of the command line.

import { type Client, createClient, MillraceError, type WorkflowRecord } from '../client/index.js';
import type { AuditRecord } from '../engine/reads/audit-pages.js';
import { EngineError, type ErrorCode, errorCodes } from '../observe/errors.js';
import { Failure, Refusal } from './exit.js';
import type { Place, PlaceAuditFilter } from './place.js';

/** A person waits: one that is not there is told at once. */
const impatient = { attemptsMax: 3, timeoutMs: 30_000 } as const;

/** @throws Refusal when there is none, or it refuses; EngineError; Failure when something breaks on the way */
export async function withServer<Answer>(
  url: string,
  hint: string,
  work: (place: Place) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work(serverPlace(createClient({ urls: [url], ...impatient }), url, hint));
  } catch (error) {
    throw ownError(error, url);
  }
}

/** Work that goes on through restarts of its server, once that has been reached. @throws as `withServer` */
export async function withPatientClient<Answer>(
  url: string,
  work: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  try {
    // One that is not there is told at once; one that goes away later is waited for.
    await createClient({ urls: [url], ...impatient }).auditPage({ limit: 1 });
    return await work(createClient({ urls: [url] }));
  } catch (error) {
    throw ownError(error, url);
  }
}

function serverPlace(client: Client, url: string, hint: string): Place {
  return {
    hint,
    words: `on ${url}`,
    isRunning: true,
    count: async scope => (await client.list({ scope, limit: 1 }).next()).value?.counts ?? [],
    show: name => client.show(name),
    why: name => client.why(name),
    export: name => client.export(name),
    workflows: async name => {
      const found: WorkflowRecord[] = [];
      const query = name === null ? {} : { name };
      for await (const { workflows } of client.workflows({ ...query, limit: 1_000 })) found.push(...workflows);
      return found;
    },
    workflow: (name, version) => client.workflow(name, version === null ? {} : { version }),
    deploy: (definition, baseFolder) => client.deploy(definition, { baseFolder }),
    copyWorkflow: copy => client.copyWorkflow(copy),
    forecast: query => client.forecast(query),
    operate: (operation, target, options) => client[operation](target, options),
    rename: (target, options) => client.rename(target, options),
    publish: message => client.publish(message),
    signal: (change, target, name, { onProgress: _, ...options }) => client[`${change}Signal`](target, name, options),
    runs: async (scope, state, after, limit) => {
      const asked = { scope, limit, ...(state === null ? {} : { state }), ...(after === null ? {} : { after }) };
      const { runs: entries, next } = await firstOf(client.runs(asked));
      return { entries, next };
    },
    averages: async (scope, after, limit) => {
      const asked = { scope, limit, ...(after === null ? {} : { after }) };
      const { averages: entries, next } = await firstOf(client.runAverages(asked));
      return { entries, next };
    },
    executions: async (instance, after, limit) => {
      const asked = { instance, limit, ...(after === null ? {} : { after }) };
      const { executions: entries, next } = await firstOf(client.executions(asked));
      return { entries, next };
    },
    clearRuns: scope => client.clearRunHistory(scope),
    configuration: query => client.configuration(query),
    setProperty: (setting, options) => client.setProperty({ ...setting, ...options }),
    unsetProperty: (name, options) => client.unsetProperty({ ...name, ...options }),
    auditPage: (filter, after, order, limit) =>
      client.auditPage({ ...filter, order, limit, ...(after === null ? {} : { after }) }),
  };
}

/** A list has a page, if an empty one. */
async function firstOf<Page>(pages: AsyncGenerator<Page, void>): Promise<Page> {
  const { value } = await pages.next();
  return value as Page;
}

/** What happens from a cursor on, without end, over restarts of the server. @throws as `withServer` */
export async function* followServer(url: string, filter: PlaceAuditFilter, after: string): AsyncGenerator<AuditRecord> {
  const { workflow, ...rest } = filter;
  const scope = workflow === undefined ? {} : { scope: workflow };
  try {
    const client = createClient({ urls: [url] });
    for await (const { cursor: _, ...event } of client.follow({ ...rest, ...scope, after })) yield event;
  } catch (error) {
    throw ownError(error, url);
  }
}

/** Codes of the service and the client that say that something broke, not that what was asked is wrong. */
const failures: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'DEADLINE_PASSED',
  'INTERNAL',
  'OVERLOADED',
  'RATE_LIMITED',
  'REQUEST_TIMEOUT',
  'SERVICE_STOPPING',
]);

function ownError(error: unknown, url: string): unknown {
  if (!(error instanceof MillraceError)) return error;
  if (Object.hasOwn(errorCodes, error.code)) {
    return new EngineError(error.code as ErrorCode, error.detail, { cause: error });
  }
  if (error.code === 'UNREACHABLE') {
    return new Refusal([`${error.message}`, `(is one running? millrace start; another one: --url, now ${url})`]);
  }
  return failures.has(error.code) ? new Failure(error.message, error) : new Refusal([error.message]);
}
