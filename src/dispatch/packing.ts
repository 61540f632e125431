// Batches and outcomes as they cross between threads. Where instances are alike in little, a batch has a part for every
// two or three members, and what structured cloning takes for each array and property of a part was more than the work
// of its members. So all numbers and texts of a message travel in a few arrays, and what a group or a part has of them
// are views.

import type { ActionExit, Demand } from '../workflow/plan.js';
import type {
  ActionError,
  Batch,
  BatchPart,
  MemberEvent,
  OutcomeGroup,
  OutcomeMessage,
  PackedJson,
  Waits,
} from './protocol.js';

export interface PackedBatch {
  readonly id: number;
  readonly atMs: number;
  readonly count: number;
  /** For each part `partFields` numbers, as `packBatch` writes them. */
  readonly parts: Float64Array;
  /** By part, of those that have any. */
  readonly expedited: ReadonlyMap<number, readonly number[]> | null;
  readonly roots: readonly string[];
  readonly users: readonly string[];
  /** The members' ordinals, by slot. */
  readonly ordinals: Uint16Array;
  readonly inputs: PackedJson;
  readonly written: PackedJson | null;
}

/** Workflow, place, context, whether its action has run, transaction, attempt, eligible time, whether it has waited, index in
 * `roots`, members, index in `users` or -1. */
const partFields = 11;

export function packBatch({ id, atMs, count, parts, inputs, written }: Batch): PackedBatch {
  const numbers = new Float64Array(parts.length * partFields);
  let expedited: Map<number, readonly number[]> | null = null;
  const ordinals = new Uint16Array(count);
  const roots: string[] = [];
  const users: string[] = [];
  let slot = 0;
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (part.expedited !== undefined) {
      expedited ??= new Map();
      expedited.set(index, part.expedited);
    }
    if (part.root !== roots[roots.length - 1]) roots.push(part.root);
    if (part.runsAs !== undefined && part.runsAs !== users[users.length - 1]) users.push(part.runsAs);
    numbers[at++] = part.workflow;
    numbers[at++] = part.place;
    numbers[at++] = part.context;
    numbers[at++] = part.hasRun ? 1 : 0;
    numbers[at++] = part.transaction;
    numbers[at++] = part.attempt;
    numbers[at++] = part.eligibleAtMs;
    numbers[at++] = part.isWaiting ? 1 : 0;
    numbers[at++] = roots.length - 1;
    numbers[at++] = part.ordinals.length;
    numbers[at++] = part.runsAs === undefined ? -1 : users.length - 1;
    ordinals.set(part.ordinals, slot);
    slot += part.ordinals.length;
  }
  return {
    id,
    atMs,
    count,
    parts: numbers,
    expedited,
    roots,
    users,
    ordinals,
    inputs: ownBytes(inputs),
    written: written && ownBytes(written),
  };
}

export function unpackBatch(packed: PackedBatch): Batch {
  const { id, atMs, count, parts: numbers, expedited, roots, users, ordinals, inputs, written } = packed;
  const parts: BatchPart[] = [];
  let slot = 0;
  for (let at = 0; at < numbers.length; at += partFields) {
    const end = slot + numbers[at + 9]!;
    const hurried = expedited?.get(at / partFields);
    const runsAs = users[numbers[at + 10]!];
    parts.push({
      workflow: numbers[at]!,
      place: numbers[at + 1]!,
      context: numbers[at + 2]!,
      hasRun: numbers[at + 3] === 1,
      transaction: numbers[at + 4]!,
      attempt: numbers[at + 5]!,
      eligibleAtMs: numbers[at + 6]!,
      isWaiting: numbers[at + 7] === 1,
      root: roots[numbers[at + 8]!]!,
      ordinals: ordinals.subarray(slot, end),
      ...(hurried === undefined ? {} : { expedited: hurried }),
      ...(runsAs === undefined ? {} : { runsAs }),
    });
    slot = end;
  }
  return { id, atMs, count, parts, inputs, written };
}

/** A view posted to a thread takes its whole buffer along: texts that are a small part of one are copied. */
function ownBytes(packed: PackedJson): PackedJson {
  const { bytes, offsets } = packed;
  return {
    bytes: bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes),
    offsets: offsets.byteLength === offsets.buffer.byteLength ? offsets : offsets.slice(),
  };
}

/** What few groups have. */
export interface RareOutcome {
  readonly demand?: Demand;
  readonly earlierResults?: readonly string[];
  readonly errors?: readonly ActionError[];
  readonly errorOf?: Uint16Array;
  readonly exits?: readonly ActionExit[];
  readonly statements?: readonly string[];
  readonly waits?: Waits;
  readonly arrivedMs?: readonly number[];
}

export interface PackedOutcomes {
  readonly batch: number;
  /** For each group `groupFields` numbers, as `OutcomePacker` writes them. */
  readonly groups: Float64Array;
  readonly paths: readonly (readonly number[])[];
  /** By group, then as in `OutcomeGroup`. */
  readonly members: Uint16Array;
  readonly times: Uint32Array;
  /** Of the groups that have one, in their order. */
  readonly payload: PackedJson;
  /** By group; `null` when no group has any. */
  readonly rare: readonly (RareOutcome | null)[] | null;
  readonly events: readonly MemberEvent[];
}

/** What members of a group cost, summed, in microseconds. */
export interface GroupCost {
  /** The thread was held. */
  readonly occupiedUs: number;
  /** From beginning to end. */
  readonly elapsedUs: number;
}

/** A group as the thread has gathered it. */
export interface PackableGroup extends GroupCost {
  readonly part: number;
  readonly kind: OutcomeGroup['kind'];
  readonly path: readonly number[];
  readonly reached: number;
  readonly members: readonly number[];
  /** Milliseconds, to which `wallOffsetMs` is to be added. Empty when no action ran. */
  readonly times: readonly number[];
  /** When the first of them ended, likewise. */
  readonly atMs: number;
  readonly payload: readonly string[] | null;
  readonly rare: RareOutcome | null;
}

/** Part, kind, index in `paths`, reached, members, base time, whether it has a payload, and the two costs. */
const groupFields = 9;

const kinds = ['completed', 'failed', 'unfired'] as const satisfies readonly OutcomeGroup['kind'][];

const encoder = new TextEncoder();

/** @param wallOffsetMs what makes the groups' times the time of day */
export function packOutcomes(
  batch: number,
  groups: readonly PackableGroup[],
  events: readonly MemberEvent[],
  wallOffsetMs: number,
): PackedOutcomes {
  const numbers = new Float64Array(groups.length * groupFields);
  const paths: (readonly number[])[] = [];
  const texts: string[] = [];
  let memberCount = 0;
  let timeCount = 0;
  for (const group of groups) {
    memberCount += group.members.length;
    timeCount += group.times.length;
  }
  const members = new Uint16Array(memberCount);
  const times = new Uint32Array(timeCount);
  let rare: (RareOutcome | null)[] | null = null;
  let member = 0;
  let time = 0;
  let at = 0;
  for (const [index, group] of groups.entries()) {
    if (group.path !== paths[paths.length - 1]) paths.push(group.path);
    let earliestMs = group.atMs;
    for (const ms of group.times) if (ms < earliestMs) earliestMs = ms;
    const baseMs = Math.floor(earliestMs + wallOffsetMs);
    const shiftMs = wallOffsetMs - baseMs;
    for (const ms of group.times) times[time++] = ms + shiftMs;
    for (const own of group.members) members[member++] = own;
    if (group.payload !== null) for (const text of group.payload) texts.push(text);
    if (group.rare !== null) {
      rare ??= groups.map(() => null);
      rare[index] = group.rare;
    }
    numbers[at++] = group.part;
    numbers[at++] = kinds.indexOf(group.kind);
    numbers[at++] = paths.length - 1;
    numbers[at++] = group.reached;
    numbers[at++] = group.members.length;
    numbers[at++] = baseMs;
    numbers[at++] = group.payload === null ? 0 : 1;
    numbers[at++] = group.occupiedUs;
    numbers[at++] = group.elapsedUs;
  }
  return { batch, groups: numbers, paths, members, times, payload: packTexts(texts), rare, events };
}

/** The groups with what each cost; their arrays are views of the message's. */
export function unpackOutcomes(packed: PackedOutcomes): { outcomes: OutcomeMessage; costs: GroupCost[] } {
  const { batch, groups: numbers, paths, payload, rare, events } = packed;
  const groups: OutcomeGroup[] = [];
  const costs: GroupCost[] = [];
  let member = 0;
  let time = 0;
  let text = 0;
  for (let at = 0, index = 0; at < numbers.length; at += groupFields, index++) {
    const path = paths[numbers[at + 2]!]!;
    const count = numbers[at + 4]!;
    const timesEnd = time + count * path.length * 2;
    const hasPayload = numbers[at + 6] === 1;
    groups.push({
      part: numbers[at]!,
      kind: kinds[numbers[at + 1]!]!,
      path,
      reached: numbers[at + 3]!,
      members: packed.members.subarray(member, member + count),
      baseMs: numbers[at + 5]!,
      times: packed.times.subarray(time, timesEnd),
      payload: hasPayload ? { bytes: payload.bytes, offsets: payload.offsets.subarray(text, text + count + 1) } : null,
      ...rare?.[index],
    });
    costs.push({ occupiedUs: numbers[at + 7]!, elapsedUs: numbers[at + 8]! });
    member += count;
    time = timesEnd;
    if (hasPayload) text += count;
  }
  return { outcomes: { batch, groups, events }, costs };
}

/** One encoding for all texts; when every character is one byte the offsets are the texts' lengths. */
function packTexts(texts: readonly string[]): PackedJson {
  const joined = texts.join('');
  const bytes = encoder.encode(joined);
  const isAscii = bytes.length === joined.length;
  const offsets = new Int32Array(texts.length + 1);
  let at = 0;
  for (let index = 0; index < texts.length; index++) {
    const text = texts[index]!;
    at += isAscii ? text.length : Buffer.byteLength(text);
    offsets[index + 1] = at;
  }
  return { bytes, offsets };
}
