// Audit of members that are where they were: told in one commit with guards, and told anew of those that are left when
// somebody has moved others on in between.
//
// Invariants:
//   G1. What is told of a member becomes durable before the commit that moves the member on, or never.
//   G2. A commit whose answer was lost is sent again under its id (S4): nothing is told twice.

import { auditRow, type TraceGroup } from '../../audit/trace.js';
import { emptyBitmap, hasBit, setBit } from '../../store/bitmap.js';
import type { Guard, Segment } from '../../store/contract.js';
import { emptyCommit } from '../../store/empty-commit.js';
import type { EngineParts } from '../parts.js';
import { surely } from '../store-trouble.js';

/** Members of one segment of which something is to be told. */
export interface Tale {
  readonly segment: Segment;
  /** Positions in the segment, ascending. */
  readonly positions: readonly number[];
  /** What is told of the members at these positions, which are some of those above. */
  group(positions: readonly number[]): TraceGroup;
}

type TellingParts = Pick<EngineParts, 'store' | 'ids' | 'health' | 'clock'>;

/**
 * @returns when what holds is durable
 * @throws what the store says when it refuses a value, or has died
 */
export async function tell(tales: readonly Tale[], atMs: number, parts: TellingParts): Promise<void> {
  const { store, ids } = parts;
  // Each refusal takes members away, and the store knows of all that left before it: two or three rounds.
  for (let left = tales; left.length > 0; left = await stillThere(left, parts)) {
    const commit = { ...emptyCommit(ids.next(), atMs), guards: left.map(guardOf), audit: rowsOf(left, atMs) };
    if ((await surely(() => store.commit(commit), parts)).kind === 'committed') return;
  }
}

function guardOf({ segment, positions }: Tale): Guard {
  const members = emptyBitmap(segment.ordinals.length);
  for (const position of positions) setBit(members, position);
  return { segment: segment.id, members, positions: segment.ordinals.length };
}

function rowsOf(tales: readonly Tale[], atMs: number) {
  const groups = new Map<string, TraceGroup[]>();
  for (const { segment, positions, group } of tales) {
    const known = groups.get(segment.root);
    if (known === undefined) groups.set(segment.root, [group(positions)]);
    else known.push(group(positions));
  }
  return [...groups].map(([root, some]) => auditRow(root, atMs, some));
}

async function stillThere(tales: readonly Tale[], parts: TellingParts): Promise<Tale[]> {
  const found = await surely(() => parts.store.segments([...new Set(tales.map(({ segment }) => segment.id))]), parts);
  const fresh = new Map(found.map(segment => [segment.id, segment]));
  return tales.flatMap(tale => {
    const segment = fresh.get(tale.segment.id);
    if (segment === undefined) return [];
    const positions = tale.positions.filter(position => !hasBit(segment.gone, position));
    return positions.length === 0 ? [] : [{ ...tale, positions }];
  });
}
