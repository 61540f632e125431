// What was taken from an engine that no longer renews its claims is audited, instance by instance (`FlowChartFailover`),
// by the engine that has put it back into the queue.
//
// Invariants:
//   V1. Every instance that was claimed by the silent engine and had not moved on is told of once for each such claim. One
//       that another engine moves on in the moments until it is read here is told of by its new transaction alone.
//       Nor is one told of whose teller dies before its commit.
//   V2. Nothing waits for this: its members are ready again already. Trouble of the store only delays it.
//   V3. With a filter that excludes the event nothing is read.

import { auditRow, type TraceGroup } from '../audit/trace.js';
import type { ExpiredSlice } from '../queue/contract.js';
import { hasBit } from '../store/bitmap.js';
import type { AuditRow, Segment } from '../store/contract.js';
import { eventCode } from '../workflow/events.js';
import { emptyCommit } from './commit-builder.js';
import type { EngineParts } from './parts.js';
import { surely } from './store-trouble.js';

const code = eventCode('FlowChartFailover');

type FailoverParts = Pick<EngineParts, 'store' | 'ids' | 'build' | 'filter' | 'health' | 'clock' | 'log' | 'options'>;

export class Failovers {
  readonly #parts: FailoverParts;
  /** As many as pages of slices were put back while the store did not answer: bounded by what engines may claim. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: FailoverParts) {
    this.#parts = parts;
  }

  /** @param atMs a time before the slices could be claimed again. Never throws: what the store says goes to health. */
  record(expired: readonly ExpiredSlice[], atMs: number): void {
    const { filter, health, log } = this.#parts;
    log.leaseExpired({
      members: expired.reduce((sum, { from, to }) => sum + to - from, 0),
      engines: [...new Set(expired.map(({ engine }) => engine))],
    });
    if (!filter.allows(code) || health.storeIsDead) return;
    const recording = this.#record(expired, atMs)
      .catch(error => health.storeFailed(error))
      .finally(() => this.#underWay.delete(recording));
    this.#underWay.add(recording);
  }

  /** Resolves when everything so far is durable, or cannot be. */
  async recorded(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #record(expired: readonly ExpiredSlice[], atMs: number): Promise<void> {
    const { store, ids, build, options } = this.#parts;
    const segments = new Map(
      (await surely(() => store.segments([...new Set(expired.map(({ segment }) => segment))]), this.#parts)).map(
        segment => [segment.id, segment],
      ),
    );
    const groups = new Map<string, TraceGroup[]>();
    for (const slice of expired) {
      const segment = segments.get(slice.segment);
      if (segment === undefined) continue;
      const ordinals = openOrdinals(segment, slice);
      if (ordinals.length === 0) continue;
      const group = groupOf(segment, ordinals, { from: slice.engine, to: build.engine }, options.leaseMs, atMs);
      const known = groups.get(segment.root);
      if (known === undefined) groups.set(segment.root, [group]);
      else known.push(group);
    }
    if (groups.size === 0) return;
    const audit: AuditRow[] = [...groups].map(([root, some]) => auditRow(root, atMs, some));
    // Sent again under its id if need be (S4).
    const commit = { ...emptyCommit(ids.next(), atMs), audit };
    await surely(() => store.commit(commit), this.#parts);
  }
}

function openOrdinals({ ordinals, gone }: Segment, { from, to }: ExpiredSlice): Uint16Array {
  const open: number[] = [];
  for (let position = from; position < Math.min(to, ordinals.length); position++) {
    if (!hasBit(gone, position)) open.push(ordinals[position]!);
  }
  return Uint16Array.from(open);
}

function groupOf(
  { workflow, attempt }: Segment,
  ordinals: Uint16Array,
  engine: { readonly from: string; readonly to: string },
  windowMs: number,
  atMs: number,
): TraceGroup {
  return {
    workflow,
    ordinals,
    path: [],
    baseMs: atMs,
    times: [],
    timesPerMember: 0,
    engine: engine.to,
    attempt,
    bodyBefore: null,
    bodyAfter: null,
    events: [[code, -1, -1, 0]],
    message:
      `failed over: engine "${engine.from}" did not renew its claim within the failover time window of ${windowMs} ms, ` +
      'and has been released from it; another engine will assume execution',
  };
}
