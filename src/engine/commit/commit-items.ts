// What is to be committed, item by item: members of one held segment with one outcome. Items come from the threads'
// outcome groups and are split where members need different decisions.

import type { OutcomeGroup, OutcomeMessage, Waits } from '../../dispatch/protocol.js';
import type { TransactionOutcome } from '../../flow/transition.js';
import { neverMs, request, type Segment } from '../../store/contract.js';
import type { RunningPart } from '../claims/running.js';
import { requestsAt } from '../operations/member-requests.js';
import type { CommitItem } from './commit-builder.js';
import { isTimeout } from './commit-trace.js';
import { narrowed } from './narrowed.js';

export function halves<T>(list: readonly T[]): T[][] {
  const middle = list.length >> 1;
  return [list.slice(0, middle), list.slice(middle)];
}

/**
 * Members of which nothing has run: what happens to them happens where they stand.
 *
 * @param more default: no claim, no payload, the requests of their segment
 */
export function unrun(
  { held, plan, positions }: Pick<RunningPart, 'held' | 'plan' | 'positions'>,
  outcome: CommitItem['outcome'],
  nowMs: number,
  more: Partial<Pick<CommitItem, 'claim' | 'payload' | 'requests' | 'user'>> = {},
): CommitItem {
  return {
    held,
    plan,
    positions,
    outcome,
    path: [],
    baseMs: nowMs,
    times: [],
    payload: null,
    reported: false,
    events: [],
    claim: null,
    requests: held.segment.requests,
    ...more,
  };
}

/** What stands paused stays so where it goes. */
export function stillPaused(items: CommitItem[], { state }: Segment): CommitItem[] {
  return state === 'paused' ? items.map(item => ({ ...item, requests: item.requests | request.pause })) : items;
}

/** Members for which a removal, or an interrupt, was asked while they were executing, and that execution was lost. */
export function requested(
  part: RunningPart,
  nowMs: number,
  asked: typeof request.remove | typeof request.interrupt,
): CommitItem {
  const { eligibleAtMs } = part.held.segment;
  const { claim } = part;
  return unrun(part, { kind: 'waiting', cause: 'request', eligibleAtMs }, nowMs, { claim, requests: asked });
}

/** Members that wait, or are about to begin, where an active signal is monitored. */
export function signalled(
  part: Pick<RunningPart, 'held' | 'plan' | 'positions'>,
  claim: string | null,
  nowMs: number,
): CommitItem[] {
  const { segment } = part.held;
  const outcome = { kind: 'waiting', cause: 'signal', eligibleAtMs: segment.eligibleAtMs } as const;
  return stillPaused(splitByRequests(unrun(part, outcome, nowMs, { claim })), segment);
}

/** Members whose input, or what they wrote, the store has lost: their action fails, so that they are tried again as its
 * retries say, and then stand FAILED for somebody to see. */
export function withoutBody({ held, plan, positions, claim }: RunningPart, body: string, nowMs: number): CommitItem[] {
  const { place, requests } = held.segment;
  const action = plan.actions[place]!.name;
  return splitByRequests({
    held,
    plan,
    positions,
    outcome: { kind: 'failed', place, killed: false },
    path: [place],
    baseMs: nowMs,
    times: new Uint32Array(positions.length * 2),
    payload: null,
    reported: false,
    events: [],
    claim,
    requests,
    errors: [{ code: 'BodyMissing', message: `body ${body} is not in the store`, action, stack: '' }],
    errorOf: new Uint16Array(positions.length),
  });
}

/** Items of a group of a part. */
export function itemsOf(
  part: RunningPart,
  group: OutcomeGroup,
  events: readonly { member: number; event: OutcomeMessage['events'][number] }[],
): CommitItem[] {
  const positions =
    group.members.length === part.positions.length
      ? part.positions
      : group.members.map(member => part.positions[member]!);
  const item: CommitItem = {
    held: part.held,
    plan: part.plan,
    positions,
    outcome: outcomeOf(group),
    path: group.path,
    baseMs: group.baseMs,
    times: group.times,
    payload: group.payload,
    reported: false,
    events,
    claim: part.claim,
    runsAs: part.runsAs,
    requests: part.held.segment.requests,
    ...(group.errors !== undefined ? { errors: group.errors } : {}),
    ...(group.errorOf !== undefined ? { errorOf: group.errorOf } : {}),
    ...(group.earlierResults !== undefined ? { earlierResults: group.earlierResults } : {}),
    ...(group.exits !== undefined ? { exits: group.exits } : {}),
    ...(group.statements !== undefined ? { statements: group.statements } : {}),
    ...(group.arrivedMs !== undefined ? { arrivedMs: group.arrivedMs } : {}),
  };
  const isReported = (at: number): boolean => part.reported?.has(group.members[at]!) === true;
  if (group.waits !== undefined) return splitByWaits(item, group.waits, isReported).flatMap(splitByRequests);
  const byReport =
    part.reported === null
      ? [item]
      : splitBy(
          item,
          at => (isReported(at) ? 1 : 0),
          reported => ({ reported: reported === 1 }),
        );
  return byReport.flatMap(splitByTimeout).flatMap(splitByRequests);
}

function outcomeOf(group: OutcomeGroup): TransactionOutcome {
  switch (group.kind) {
    case 'completed': {
      const { reached, demand } = group;
      return { kind: 'completed', reached, ...(demand === undefined ? {} : { demand }) };
    }
    case 'failed':
      return { kind: 'failed', place: group.reached, killed: group.killed ?? false };
    case 'unfired':
      return { kind: 'unfired', untilMs: neverMs, event: '' };
  }
}

/** Those that wait for different times or events at a trigger stand apart from now on; those of whom it was told that they have
 * begun are told of apart. */
function splitByWaits(item: CommitItem, { untilMs, events }: Waits, isReported: (at: number) => boolean): CommitItem[] {
  const changes: Pick<CommitItem, 'outcome' | 'reported'>[] = [];
  const known = new Map<string, number>();
  const keyOf = (at: number): number => {
    const reported = isReported(at);
    const key = `${untilMs[at]} ${reported} ${events[at]}`;
    let index = known.get(key);
    if (index === undefined) {
      const outcome = { kind: 'unfired', untilMs: Math.min(untilMs[at]!, neverMs), event: events[at]! } as const;
      index = changes.push({ outcome, reported }) - 1;
      known.set(key, index);
    }
    return index;
  };
  return splitBy(item, keyOf, index => changes[index]!);
}

/** Those that timed out have other events than those that failed by themselves. */
function splitByTimeout(item: CommitItem): CommitItem[] {
  const { errors, errorOf } = item;
  if (errors === undefined || errorOf === undefined || errors.length < 2) return [item];
  return splitBy(
    item,
    at => (isTimeout(errors[errorOf[at]!]) ? 1 : 0),
    () => ({}),
  );
}

/** Members with operations of their own part from the rest. */
export function splitByRequests(item: CommitItem): CommitItem[] {
  const { segment } = item.held;
  const { memberRequests } = segment;
  if (memberRequests === null)
    return [item.requests === segment.requests ? item : { ...item, requests: segment.requests }];
  return splitBy(
    item,
    at => requestsAt(segment, item.positions[at]!),
    requests => ({ requests }),
  );
}

/** Members part by a key. @param change what is other in the item of a key */
export function splitBy(
  item: CommitItem,
  keyOf: (at: number) => number,
  change: (key: number) => Partial<CommitItem>,
): CommitItem[] {
  const byKey = new Map<number, number[]>();
  for (let at = 0; at < item.positions.length; at++) {
    const key = keyOf(at);
    const members = byKey.get(key);
    if (members === undefined) byKey.set(key, [at]);
    else members.push(at);
  }
  return [...byKey].map(([key, members]) => ({
    ...(members.length === item.positions.length ? item : narrowed(item, members)),
    ...change(key),
  }));
}
