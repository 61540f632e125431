// What a forced removal commits: instances leave whatever they are at, executing or not, with all their flow contexts and what
// these share. Nothing of that is read but who is there, so that what cannot be decided on any more leaves too.

import { hasBit } from '../../store/bitmap.js';
import { type InstanceKey, request, type Segment, type SharedChange, type Store } from '../../store/contract.js';
import { type BuiltCommit, buildCommit, type CommitItem } from '../commit/commit-builder.js';
import { unrun } from '../commit/commit-items.js';
import type { EngineParts } from '../parts.js';
import { keyOf } from '../shared/gathered.js';
import type { Members } from '../shared/main-line.js';

/**
 * The members, and all other flow contexts of their instances.
 * COST one read for those that have split.
 */
export async function wholeInstances(
  members: readonly Members[],
  store: Pick<Store, 'contextsOf'>,
): Promise<readonly Members[]> {
  const split = members.filter(({ segment }) => segment.context > 0).flatMap(keysOf);
  if (split.length === 0) return members;
  const found = new Map<string, { readonly segment: Segment; readonly positions: Set<number> }>();
  const add = (segment: Segment, positions: Iterable<number>): void => {
    const known = found.get(segment.id) ?? { segment, positions: new Set<number>() };
    for (const position of positions) known.positions.add(position);
    found.set(segment.id, known);
  };
  for (const { segment, positions } of members) add(segment, positions);
  const wanted = new Set(split.map(({ root, ordinal }) => keyOf(root, ordinal)));
  for (const segment of await store.contextsOf(split.map(key => ({ ...key, contexts: null })))) {
    const { root, ordinals, gone } = segment;
    add(
      segment,
      [...ordinals.keys()].filter(at => !hasBit(gone, at) && wanted.has(keyOf(root, ordinals[at]!))),
    );
  }
  return [...found.values()].map(({ segment, positions }) => ({
    segment,
    positions: Uint16Array.from(positions).sort(),
  }));
}

/**
 * The commit by which they leave.
 *
 * @param members whole instances
 */
export async function forcedRemoval(
  members: readonly Members[],
  user: string,
  parts: Pick<EngineParts, 'store' | 'definitions' | 'holdings' | 'clock' | 'build'>,
): Promise<BuiltCommit> {
  const { store, definitions, holdings, clock, build } = parts;
  const nowMs = clock.nowMs();
  const items: CommitItem[] = [];
  const leaving = new Map<Segment, readonly number[]>();
  const sharing: InstanceKey[] = [];
  const left = new Set<string>();
  for (const { segment, positions } of members) {
    const { plan } = definitions.byNumber(segment.workflow);
    // An instance leaves once, with the first of its contexts that is met.
    const isFirst = (at: number): boolean => !left.has(keyOf(segment.root, segment.ordinals[at]!));
    const first = positions.filter(isFirst);
    const others = positions.filter(at => !isFirst(at));
    for (const { root, ordinal } of keysOf({ segment, positions: first })) {
      left.add(keyOf(root, ordinal));
      if (segment.context > 0 || plan.usesSignals === true) sharing.push({ root, ordinal });
    }
    if (others.length > 0) leaving.set(segment, [...others]);
    if (first.length === 0) continue;
    const part = { held: holdings.holdSegment(segment), plan, positions: first };
    const outcome = { kind: 'waiting', cause: 'request', eligibleAtMs: segment.eligibleAtMs } as const;
    items.push(unrun(part, outcome, nowMs, { user, requests: request.remove }));
  }
  const shared = sharing.length === 0 ? [] : (await store.shared(sharing)).map(given);
  const nothing = { fates: [], segments: [], bodies: [], outcomes: [], roots: [], signalled: [] };
  return buildCommit(items, nowMs, build, {
    rows: { ...nothing, leaving, shared },
    withdrawn: [],
    held: segment => holdings.holdSegment(segment),
  });
}

/** What they share goes. */
function given({ root, ordinal, workflow, name, version }: SharedChange): SharedChange {
  return { root, ordinal, workflow, name, version, state: null };
}

function keysOf({ segment: { root, ordinals }, positions }: Members): InstanceKey[] {
  return Array.from(positions, at => ({ root, ordinal: ordinals[at]! }));
}
