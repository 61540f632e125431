// What the audit says of an instance last, for who asks why it does not run, or what it failed with. Of the newest rows of its
// root, so many a read: a long read would hold up every commit. What lies further back is not known.

import { type UnfoldedEvent, unfoldMember } from '../../audit/unfold.js';
import type { LogEvents } from '../../observe/log-events.js';
import type { Segment, Store } from '../../store/contract.js';
import type { JsonObject } from '../../workflow/model.js';
import type { ContextFacts } from './facts.js';

/** At most some 4,000 events each. */
const rowsMax = 32;
/** Reads for an error: 1,024 rows. Instances submitted together, some hundreds, may each have added rows since. */
const errorReadsMax = 32;

export interface LatelyParts {
  readonly store: Pick<Store, 'query'>;
  readonly log: Pick<LogEvents, 'auditUnread'>;
}

/** Read when it is first asked for, once for all flow contexts. */
export class Lately {
  readonly #root: string;
  readonly #ordinal: number;
  readonly #parts: LatelyParts;
  #events: Promise<readonly UnfoldedEvent[]> | null = null;

  constructor(root: string, ordinal: number, parts: LatelyParts) {
    this.#root = root;
    this.#ordinal = ordinal;
    this.#parts = parts;
  }

  /** Newest first. None, when they cannot be read: the rest of the answer holds without them, and the log tells. */
  events(): Promise<readonly UnfoldedEvent[]> {
    this.#events ??= this.#read().catch((error: unknown) => {
      this.#parts.log.auditUnread({ error });
      return [];
    });
    return this.#events;
  }

  async #read(): Promise<readonly UnfoldedEvent[]> {
    const rows = await newestRows(this.#parts.store, this.#root);
    return rows.flatMap(({ trace }) => unfoldMember(trace, this.#ordinal).reverse());
  }
}

/** Newest first. @param before `seq` of the last one that is known; `null`: none is */
async function newestRows(
  store: LatelyParts['store'],
  root: string,
  before: string | null = null,
): Promise<{ readonly seq: string; readonly trace: string }[]> {
  // The planner must not walk the whole order for the few rows of one root.
  const rows = await store.query(
    `select seq, trace from (select seq, trace from millrace_audit where root = $1::uuid offset 0) own
     where $2::bigint is null or seq < $2::bigint order by seq desc limit $3::int`,
    [root, before, String(rowsMax)],
  );
  return rows.map(([seq, trace]) => ({ seq: seq!, trace: trace! }));
}

/** The error an instance had last; `null`: none, or none that the audit still has within its newest rows. */
export async function readLastError(
  store: LatelyParts['store'],
  root: string,
  ordinal: number,
): Promise<JsonObject | null> {
  let before: string | null = null;
  for (let read = 0; read < errorReadsMax; read++) {
    const rows = await newestRows(store, root, before);
    const error = lastError(rows.flatMap(({ trace }) => unfoldMember(trace, ordinal).reverse()));
    if (error !== null || rows.length < rowsMax) return error;
    before = rows[rows.length - 1]!.seq;
  }
  return null;
}

/** The error it had last. */
export function lastError(events: readonly UnfoldedEvent[]): JsonObject | null {
  const found = events.find(
    ({ shortName }) => shortName === 'ExitingActionOnError' || shortName === 'ExitingActionOnTimeout',
  );
  return found?.data.kind === 'value' ? (found.data.value as JsonObject | null) : null;
}

/**
 * What executes of a context, once it has executed for a moment: nothing has been told of it since. Not known of one of several:
 * which of them an event is of the audit does not tell.
 *
 * @param engine the one that has it: what another began is over
 */
export function lastExecuting(
  events: readonly UnfoldedEvent[],
  engine: string,
  { context, eligibleAtMs }: Pick<Segment, 'context' | 'eligibleAtMs'>,
): ContextFacts['executes'] {
  const last = events[0];
  if (context !== 0 || last?.shortName !== 'ExecutingAction' || last.engine !== engine) return null;
  // What began before it was eligible has ended.
  if (last.atMs < eligibleAtMs) return null;
  return last.action === null ? null : { action: last.action, sinceMs: last.atMs };
}

/**
 * Who paused it while it waited, if nothing has happened to it since. Who paused it while it executed is not recorded: at its
 * break it is told as of whom it runs as.
 *
 * @param runsAs `null`: as its submitter
 */
export function lastPauser(events: readonly UnfoldedEvent[], runsAs: string | null): ContextFacts['pausedBy'] {
  const last = events[0];
  if (last?.shortName !== 'DeferringExecutionFlow' || last.message !== 'paused' || last.hasPath) return null;
  return last.user === null || last.user === runsAs ? null : { user: last.user, atMs: last.atMs };
}
