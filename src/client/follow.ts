// The audit as it happens, over as many connections as it takes.
//
// Invariants:
//   F1. Each event is told once and in order: a connection begins behind the last event told, by its cursor.
//   F2. A server that says nothing for three keep-alives is left; so is one that ends its stream.
//   F3. It ends when the caller stops, when a server refuses what was asked, or when none has answered for the deadline.

import type { AuditEvent } from '../api/schema/audit.js';
import { sleep } from './abort.js';
import { errorOfProblem, isProblem, MillraceError } from './errors.js';
import { queryOf } from './query.js';
import { serverSentEvents } from './server-sent-events.js';
import type { Opened, Transport } from './transport.js';
import { troubleOfThrown } from './trouble.js';
import { auditStreamEvents, headers, keepAliveMs, mediaTypes } from './wire.js';

export interface FollowOptions {
  /** A cursor: `next` of a page, or that of an event followed before. Default: from now on. */
  readonly after?: string;
  /** A workflow, or a branch with a trailing `/`. */
  readonly scope?: string;
  /** An id, `workflow/id` or a given name. */
  readonly instance?: string;
  /** Dotted, short or console name of an event. */
  readonly event?: string;
  readonly sinceMs?: number;
  readonly signal?: AbortSignal;
}

/** `cursor`: behind this event, for `after`. */
export type FollowedEvent = AuditEvent & { readonly cursor: string };

const silenceMsMax = 3 * keepAliveMs;
/** Before the next connection, so that a server that ends every stream at once is not asked without pause. */
const reconnectMs = 100;

export async function* follow(transport: Transport, options: FollowOptions): AsyncGenerator<FollowedEvent, void> {
  const { scope, instance, event, sinceMs, signal } = options;
  const query = { workflow: scope, instance, event, sinceMs };
  let after = options.after;
  for (;;) {
    signal?.throwIfAborted();
    const opened = await open(transport, query, after, signal);
    try {
      for await (const { event, id, data } of serverSentEvents(opened.response.body, () =>
        opened.expect(silenceMsMax),
      )) {
        if (event === auditStreamEvents.problem) throw problemOf(data, opened);
        if (id === null) continue;
        after = id;
        if (event === auditStreamEvents.audit) yield { ...(parsed(data, opened) as AuditEvent), cursor: id };
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      const trouble = troubleOfThrown(thrown, opened.server.url);
      if (trouble.kind === 'refused') throw trouble.error;
      transport.failed(opened.server, trouble);
    } finally {
      opened.close();
    }
    await sleep(transport.clock, reconnectMs, signal);
  }
}

/** A connection that has begun to answer; it outlives the call that opened it. */
async function open(
  transport: Transport,
  query: Readonly<Record<string, string | number | undefined>>,
  after: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  const opened = await transport.begin({
    method: 'GET',
    path: `/v1/audit${queryOf(query)}`,
    headers: { accept: mediaTypes.events, ...(after === undefined ? {} : { [headers.lastEventId]: after }) },
    isRepeatable: true,
    signal,
  });
  opened.expect(silenceMsMax);
  return opened;
}

function problemOf(data: string, opened: Opened): MillraceError {
  const { url } = opened.server;
  const problem = parsed(data, opened);
  if (isProblem(problem)) return errorOfProblem(problem, url);
  return new MillraceError('ANSWER_INVALID', `${url} ended its stream with what is no problem`, { url });
}

function parsed(data: string, { server: { url } }: Opened): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new MillraceError('ANSWER_INVALID', `${url} sent an event that is not JSON`, { url, cause });
  }
}
