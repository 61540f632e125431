// Where members stand after a commit: those alike, of whatever items, are gathered into one new segment.

import type { ActionError } from '../../dispatch/protocol.js';
import type { Next } from '../../flow/transition.js';
import { noBits } from '../../store/bitmap.js';
import { request, type Segment } from '../../store/contract.js';
import { instanceId, rootMembersMax } from '../../workflow/instance-id.js';
import { isExpeditable } from '../../workflow/triggers.js';
import type { IdSource } from '../ids.js';
import type { CommitItem } from './commit-builder.js';
import { failuresOf } from './failures.js';

/** Low 16 bits of the id of a root's first segment; the submitter counts on from it. */
const firstSegments = 0xf000;

/** Members that will be one segment. */
export interface Standing {
  readonly model: Segment;
  readonly ordinals: number[];
  /** By ordinal, when they stand FAILED. */
  readonly errors: Map<number, ActionError>;
}

/** A root's first segments carry its id with F000 and their index in the low bits, so do those that members which have not
 * begun are moved to; all later ones have ids of their own. */
export function isFirstSegment(segment: Segment): boolean {
  return segment.id.startsWith(segment.root.slice(0, 32));
}

/** Add the item's members to those of `standing` that stand alike. */
export function stand(
  standing: Map<string, Standing>,
  item: CommitItem,
  next: Extract<Next, { kind: 'stand' }>,
  ordinals: Uint16Array,
  body: string | null,
): void {
  const { segment } = item.held;
  // Pause is spent once it has become a state; remove and interrupt have been applied by the transition.
  const model: Segment = {
    ...segment,
    id: idOfUnbegun(item, ordinals),
    body,
    workflow: item.onto?.workflow ?? segment.workflow,
    place: item.onto?.place ?? next.place,
    // What was rolled back begins where it began.
    hasRun: next.keepsWork ? false : segment.hasRun,
    transaction: next.transaction,
    attempt: next.attempt,
    kills: next.kills,
    state: next.state,
    eligibleAtMs: next.eligibleAtMs,
    waitsFor: next.waitsFor === undefined && item.onto === undefined ? segment.waitsFor : (next.waitsFor ?? null),
    requests: expediteKept(item),
    memberRequests: null,
    failures: null,
    revision: 0,
  };
  // A key of an instance has no line ends, and is not empty.
  const key = `${model.id} ${segment.context} ${segment.scope} ${model.hasRun} ${model.workflow} ${segment.priority} ${model.place} ${next.transaction} ${next.attempt} ${next.kills} ${next.state} ${next.eligibleAtMs} ${segment.createdAtMs} ${body} ${model.requests} ${model.waitsFor}\n${segment.key ?? ''}`;
  let alike = standing.get(key);
  if (alike === undefined) {
    alike = { model, ordinals: [], errors: new Map() };
    standing.set(key, alike);
  }
  for (const ordinal of ordinals) alike.ordinals.push(ordinal);
  if (next.state !== 'failed') return;
  for (const [index, ordinal] of ordinals.entries()) {
    const error = errorOf(item, index);
    if (error !== null) alike.errors.set(ordinal, error);
  }
}

/** The bit of `request` that is to hold until a trigger has fired for it, unless this one has. */
export function expediteKept({ requests, outcome, plan, held: { segment } }: CommitItem): number {
  const hasFired =
    outcome.kind === 'completed' && !segment.hasRun && isExpeditable(plan.actions[segment.place]!.action);
  return hasFired ? 0 : requests & request.expedite;
}

/** The error of the item's member at `index`; `null` when it did not fail. */
export function errorOf({ errors, errorOf: of }: CommitItem, index: number): ActionError | null {
  return errors?.[of?.[index] ?? 0] ?? null;
}

/** The new segments. */
export function segmentsOf(standing: ReadonlyMap<string, Standing>, ids: IdSource): Segment[] {
  return [...standing.values()].map(({ model, ordinals, errors }) => {
    const segment = segmentOf(model, ordinals, model.id || ids.next());
    // Only members that failed stand FAILED, and each that failed has an error.
    const isFailed = errors.size === ordinals.length;
    return isFailed
      ? {
          ...segment,
          failures: failuresOf(
            Array.from(segment.ordinals, ordinal => errors.get(ordinal)!),
            model.attempt + 1,
          ),
        }
      : segment;
  });
}

/** Id of the segment that members move to which have not begun: 500 further in each such move, by their first ordinal, and
 * so never given twice. Empty when they have begun. */
function idOfUnbegun({ held: { segment }, outcome }: CommitItem, ordinals: Uint16Array): string {
  if (outcome.kind !== 'waiting' || !isFirstSegment(segment)) return '';
  const moves = Math.floor((Number.parseInt(segment.id.slice(32), 16) - firstSegments) / rootMembersMax);
  const low = firstSegments + (moves + 1) * rootMembersMax + ordinals[0]!;
  return low > 0xffff ? '' : instanceId(segment.root, low);
}

/** A segment like `model` with these members and nobody gone. */
function segmentOf(model: Segment, ordinals: readonly number[], id: string): Segment {
  const members = ascending(ordinals);
  return { ...model, id, ordinals: members, open: members.length, gone: noBits(members.length) };
}

export function ascending(ordinals: readonly number[]): Uint16Array {
  return new Uint16Array(ordinals).sort();
}
