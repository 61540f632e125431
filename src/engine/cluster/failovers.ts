// What was taken from an engine that no longer renews its claims is audited, instance by instance (`FlowChartFailover`),
// by the engine that has put it back into the queue.
//
// Invariants:
//   V1. Every instance that was claimed by the silent engine is told of once for each such claim, unless it has moved on
//       before that is durable (G1): what moved it on is told of by its transaction. Nor is one told of whose teller dies.
//   V2. Nothing waits for this: its members are ready again already. Trouble of the store only delays it.
//   V3. With a filter that excludes the event nothing is read.

import type { TraceGroup } from '../../audit/trace.js';
import type { ExpiredSlice } from '../../queue/contract.js';
import { hasBit } from '../../store/bitmap.js';
import type { Segment } from '../../store/contract.js';
import { eventCode } from '../../workflow/events.js';
import { type Tale, tell } from '../commit/guarded-audit.js';
import type { EngineParts } from '../parts.js';
import { surely } from '../store-trouble.js';

const code = eventCode('FlowChartFailover');

type FailoverParts = Pick<
  EngineParts,
  'store' | 'ids' | 'build' | 'definitions' | 'filter' | 'health' | 'clock' | 'log' | 'options'
>;

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
    const { store, build, options, definitions } = this.#parts;
    const ids = [...new Set(expired.map(({ segment }) => segment))];
    const segments = new Map(
      (await surely(() => store.segments(ids), this.#parts)).map(segment => [segment.id, segment]),
    );
    const workflows = [...segments.values()].map(({ workflow }) => workflow);
    await surely(() => definitions.ensure(workflows), this.#parts);
    const tales = expired.flatMap((slice): Tale[] => {
      const segment = segments.get(slice.segment);
      const positions = segment === undefined ? [] : openPositions(segment, slice);
      if (segment === undefined || positions.length === 0) return [];
      const engine = { from: slice.engine, to: build.engine, user: build.runsAs(segment.workflow) };
      return [{ segment, positions, group: some => groupOf(segment, some, engine, options.leaseMs, atMs) }];
    });
    await tell(tales, atMs, this.#parts);
  }
}

function openPositions({ ordinals, gone }: Segment, { from, to }: ExpiredSlice): number[] {
  const open: number[] = [];
  for (let position = from; position < Math.min(to, ordinals.length); position++) {
    if (!hasBit(gone, position)) open.push(position);
  }
  return open;
}

function groupOf(
  { workflow, attempt, ordinals }: Segment,
  positions: readonly number[],
  engine: { readonly from: string; readonly to: string; readonly user: string | null },
  windowMs: number,
  atMs: number,
): TraceGroup {
  return {
    workflow,
    ordinals: Uint16Array.from(positions, position => ordinals[position]!),
    path: [],
    baseMs: atMs,
    times: [],
    timesPerMember: 0,
    engine: engine.to,
    user: engine.user,
    attempt,
    bodyBefore: null,
    bodyAfter: null,
    events: [[code, -1, -1, 0]],
    message:
      `failed over: engine "${engine.from}" did not renew its claim within the failover time window of ${windowMs} ms, ` +
      'and has been released from it; another engine will assume execution',
  };
}
