// Between the contract's values and the columns of the tables.

import { instanceId } from '../workflow/instance-id.js';
import { type BitString, decode, encode } from './binary.js';
import { bitmapOf, bitsOf } from './bitmap.js';
import type {
  Body,
  Commit,
  Failures,
  GivenName,
  InstanceKey,
  Mark,
  Outcome,
  Segment,
  SegmentState,
  Shared,
  SharedChange,
} from './contract.js';
import { deadlineCalls } from './deadlines.js';
import type { SqlCall, SqlRows } from './driver.js';
import { runCalls } from './runs.js';
import { settingCall, settingsMax } from './settings.js';
import * as sql from './sql/commit.js';
import { backlogMax, consumeCall, publishCall } from './sql/messages.js';
import { effectCalls } from './sql-effects.js';

type Row = SqlRows[number];

/** By the numbers they have in the store. */
export const segmentStates: readonly SegmentState[] = ['ready', 'paused', 'failed', 'joining', 'waiting'];
const finalStates = ['finished', 'removed'] as const;

function ordinalBits(ordinals: Uint16Array): BitString {
  return { bytes: bitmapOf(ordinals), length: ordinals.length === 0 ? 0 : ordinals[ordinals.length - 1]! + 1 };
}

function textOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** Offsets as stored: int32, little endian. */
function offsetBytes(offsets: Int32Array): Uint8Array {
  return new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength);
}

export function segmentOfRow(row: Row): Segment {
  const ordinals = decode.varbit(row[13]!);
  const gone = decode.varbit(row[15]!);
  const memberRequests = row[17];
  const failures = row[19];
  return {
    id: decode.uuid(row[0]!),
    root: decode.uuid(row[1]!),
    body: row[2] === null ? null : decode.uuid(row[2]!),
    workflow: decode.int4(row[3]!),
    name: decode.text(row[4]!),
    priority: row[5] === null ? null : decode.int4(row[5]!),
    place: decode.int4(row[6]!),
    transaction: decode.int4(row[7]!),
    attempt: decode.int4(row[8]!),
    kills: decode.int4(row[9]!),
    state: segmentStates[decode.int4(row[10]!)]!,
    eligibleAtMs: decode.int8(row[11]!),
    createdAtMs: decode.int8(row[12]!),
    ordinals: bitsOf(ordinals.bytes, ordinals.length),
    open: decode.int4(row[14]!),
    gone: gone.bytes.slice(),
    requests: decode.int4(row[16]!),
    memberRequests:
      memberRequests === null ? null : (JSON.parse(decode.text(memberRequests!)) as Record<string, number>),
    revision: decode.int4(row[18]!),
    failures: failures === null ? null : (JSON.parse(decode.text(failures!)) as Failures),
    context: decode.int4(row[20]!),
    scope: decode.int4(row[21]!),
    hasRun: decode.bool(row[22]!),
    waitsFor: row[23] === null ? null : decode.text(row[23]!),
    key: row[24] === null ? null : decode.text(row[24]!),
  };
}

export function sharedOfRow(row: Row): Shared {
  return {
    root: decode.uuid(row[0]!),
    ordinal: decode.int4(row[1]!),
    workflow: decode.int4(row[2]!),
    name: decode.text(row[3]!),
    version: decode.int4(row[4]!),
    state: decode.text(row[5]!),
  };
}

export function bodyOfRow(row: Row): Body {
  const ordinals = decode.varbit(row[2]!);
  const offsets = row[3]!.slice();
  return {
    id: decode.uuid(row[0]!),
    root: decode.uuid(row[1]!),
    ordinals: bitsOf(ordinals.bytes, ordinals.length),
    offsets: new Int32Array(offsets.buffer, 0, offsets.byteLength / 4),
    // A view of the answer, which holds little else: texts are most of it.
    bytes: row[4]!,
  };
}

export function outcomeOfRow(row: Row): Outcome {
  const ordinals = decode.varbit(row[5]!);
  return {
    root: decode.uuid(row[0]!),
    workflow: decode.int4(row[1]!),
    name: decode.text(row[2]!),
    state: finalStates[decode.int4(row[3]!)]!,
    finishedAtMs: decode.int8(row[4]!),
    ordinals: bitsOf(ordinals.bytes, ordinals.length),
    body: row[6] === null ? null : decode.uuid(row[6]!),
  };
}

/** The segments a commit touches that are there before it; each once. */
function segmentsTouched({ marks, changes, guards }: Commit): string[] {
  return [...new Set([...marks, ...changes, ...guards].map(({ segment }) => segment))];
}

/** What a commit touches that is there before it: segments, instances whose contexts share something, and publishers. Each once. */
export function touchedBy(commit: Commit): string[] {
  const { shared, messages = [], consumed = [] } = commit;
  if (shared.length + messages.length + consumed.length === 0) return segmentsTouched(commit);
  const publishers = new Set([...messages, ...consumed].map(({ publisher }) => publisher));
  return [...segmentsTouched(commit), ...shared.map(({ root, ordinal }) => instanceId(root, ordinal)), ...publishers];
}

/**
 * The calls of a commit, those without work left out, in the order the fences need.
 *
 * @param hasRivals other commits run at the same time
 */
export function commitCalls(commit: Commit, hasRivals: boolean): SqlCall[] {
  const calls: SqlCall[] = [
    { statement: sql.recordCommit, parameters: [encode.uuid(commit.id), encode.int8(commit.atMs)] },
  ];
  if (commit.keys.length > 0) {
    calls.push({ statement: sql.takeKeys, parameters: [encode.uuidArray(commit.keys), encode.int8(commit.atMs)] });
  }
  if (commit.freedNames.length > 0) {
    calls.push({ statement: sql.freeNames, parameters: nameParameters(commit.freedNames) });
  }
  if (commit.names.length > 0) calls.push({ statement: sql.takeNames, parameters: nameParameters(commit.names) });
  const touched = segmentsTouched(commit);
  if (hasRivals && touched.length > 0) {
    calls.push({ statement: sql.lockSegments, parameters: [encode.uuidArray(touched)] });
  }
  const shared = [...commit.shared].sort(byKey);
  if (hasRivals && shared.length > 0) calls.push({ statement: sql.lockShared, parameters: keyParameters(shared) });
  if (commit.marks.length > 0) calls.push(leaveCall(commit.marks));
  if (commit.changes.length > 0) calls.push(changeCall(commit));
  if (commit.guards.length > 0) calls.push(guardCall(commit));
  if (shared.length > 0) calls.push(sharedCall(shared));
  if (commit.consumed !== undefined && commit.consumed.length > 0) calls.push(consumeCall(commit.consumed));
  if (commit.messages !== undefined) {
    calls.push(publishCall(commit.messages, commit.atMs, commit.backlogMax ?? backlogMax));
  }
  if (commit.statements !== undefined) calls.push(...effectCalls(commit.statements, hasRivals));
  if (commit.segments.length > 0) calls.push(segmentsCall(commit.segments));
  if (commit.roots.length + commit.bodies.length > 0) calls.push(bodiesCall(commit));
  if (commit.working.length > 0)
    calls.push({ statement: sql.insertWorking, parameters: bodyParameters(commit.working) });
  if (commit.spent.length > 0) calls.push({ statement: sql.dropSpent, parameters: [encode.uuidArray(commit.spent)] });
  if (commit.deadlines !== undefined) calls.push(...deadlineCalls(commit.deadlines, hasRivals));
  if (commit.outcomes.length > 0) calls.push(outcomesCall(commit.outcomes));
  if (commit.setting !== undefined) {
    calls.push(settingCall(commit.setting, commit.atMs, commit.settingsMax ?? settingsMax));
  }
  if (commit.audit.length > 0) {
    calls.push({
      statement: sql.insertAudit,
      parameters: [
        encode.uuidArray(commit.audit.map(row => row.root)),
        encode.int8Array(commit.audit.map(row => row.atMs)),
        encode.textArray(commit.audit.map(row => row.trace)),
      ],
    });
  }
  // Last: nothing is asked for by who waits for a row of averages.
  if (commit.runs !== undefined) calls.push(...runCalls(commit.runs, hasRivals));
  return calls;
}

function nameParameters(names: readonly GivenName[]): Uint8Array[] {
  const sorted = [...names].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [encode.textArray(sorted.map(({ name }) => name)), encode.uuidArray(sorted.map(({ instance }) => instance))];
}

function leaveCall(marks: readonly Mark[]): SqlCall {
  return {
    statement: sql.leave,
    parameters: [
      encode.uuidArray(marks.map(mark => mark.segment)),
      encode.int4Array(marks.map(mark => mark.revision)),
      encode.varbitArray(marks.map(mark => ({ bytes: mark.leaving, length: mark.positions }))),
      encode.int4Array(marks.map(mark => mark.count)),
      encode.int4(marks.length),
    ],
  };
}

function guardCall({ guards }: Commit): SqlCall {
  return {
    statement: sql.guard,
    parameters: [
      encode.uuidArray(guards.map(({ segment }) => segment)),
      encode.varbitArray(guards.map(({ members, positions }) => ({ bytes: members, length: positions }))),
      encode.int4(guards.length),
    ],
  };
}

function changeCall({ changes }: Commit): SqlCall {
  return {
    statement: sql.change,
    parameters: [
      encode.uuidArray(changes.map(change => change.segment)),
      encode.int4Array(changes.map(change => change.revision)),
      encode.int4Array(changes.map(change => segmentStates.indexOf(change.state))),
      encode.int4Array(changes.map(change => change.attempt)),
      encode.int4Array(changes.map(change => change.kills)),
      encode.int8Array(changes.map(change => change.eligibleAtMs)),
      encode.int4Array(changes.map(change => change.requests)),
      encode.textArray(changes.map(change => textOrNull(change.memberRequests))),
      encode.int4(changes.length),
      encode.int4Array(changes.map(change => change.renamed?.workflow ?? 0)),
      encode.textArray(changes.map(change => change.renamed?.name ?? null)),
    ],
  };
}

function byKey(a: InstanceKey, b: InstanceKey): number {
  return a.root === b.root ? a.ordinal - b.ordinal : a.root < b.root ? -1 : 1;
}

/** Roots and ordinals. */
export function keyParameters(keys: readonly InstanceKey[]): Uint8Array[] {
  return [encode.uuidArray(keys.map(({ root }) => root)), encode.int4Array(keys.map(({ ordinal }) => ordinal))];
}

function sharedCall(shared: readonly SharedChange[]): SqlCall {
  return {
    statement: sql.changeShared,
    parameters: [
      ...keyParameters(shared),
      encode.int4Array(shared.map(({ workflow }) => workflow)),
      encode.textArray(shared.map(({ name }) => name)),
      encode.int4Array(shared.map(({ version }) => version)),
      encode.textArray(shared.map(({ state }) => state)),
      encode.int4(shared.length),
    ],
  };
}

function segmentsCall(segments: readonly Segment[]): SqlCall {
  return {
    statement: sql.insertSegments,
    parameters: [
      encode.uuidArray(segments.map(({ id }) => id)),
      encode.uuidArray(segments.map(({ root }) => root)),
      encode.uuidArray(segments.map(({ body }) => body)),
      encode.int4Array(segments.map(({ workflow }) => workflow)),
      encode.textArray(segments.map(({ name }) => name)),
      encode.int4Array(segments.map(({ priority }) => priority)),
      encode.int4Array(segments.map(({ place }) => place)),
      encode.int4Array(segments.map(({ transaction }) => transaction)),
      encode.int4Array(segments.map(({ attempt }) => attempt)),
      encode.int4Array(segments.map(({ kills }) => kills)),
      encode.int4Array(segments.map(({ state }) => segmentStates.indexOf(state))),
      encode.int8Array(segments.map(({ eligibleAtMs }) => eligibleAtMs)),
      encode.int8Array(segments.map(({ createdAtMs }) => createdAtMs)),
      encode.varbitArray(segments.map(({ ordinals }) => ordinalBits(ordinals))),
      encode.int4Array(segments.map(({ open }) => open)),
      encode.varbitArray(segments.map(({ gone, ordinals }) => ({ bytes: gone, length: ordinals.length }))),
      encode.int4Array(segments.map(({ requests }) => requests)),
      encode.textArray(segments.map(({ memberRequests }) => textOrNull(memberRequests))),
      encode.int4Array(segments.map(({ revision }) => revision)),
      encode.textArray(segments.map(({ failures }) => textOrNull(failures))),
      encode.int4Array(segments.map(({ context }) => context)),
      encode.int4Array(segments.map(({ scope }) => scope)),
      encode.boolArray(segments.map(({ hasRun }) => hasRun)),
      encode.textArray(segments.map(({ waitsFor }) => waitsFor)),
      encode.textArray(segments.map(({ key }) => key)),
    ],
  };
}

function bodiesCall({ roots, bodies }: Commit): SqlCall {
  const all: readonly Body[] = [...roots, ...bodies];
  return {
    statement: sql.insertBodies,
    parameters: [
      ...bodyParameters(all),
      encode.textArray([...roots.map(({ submitter }) => submitter), ...bodies.map(() => null)]),
      encode.int8Array([...roots.map(({ createdAtMs }) => createdAtMs), ...bodies.map(() => null)]),
    ],
  };
}

function bodyParameters(bodies: readonly Body[]): Uint8Array[] {
  return [
    encode.uuidArray(bodies.map(({ id }) => id)),
    encode.uuidArray(bodies.map(({ root }) => root)),
    encode.varbitArray(bodies.map(({ ordinals }) => ordinalBits(ordinals))),
    encode.byteaArray(bodies.map(({ offsets }) => offsetBytes(offsets))),
    encode.byteaArray(bodies.map(({ bytes }) => bytes)),
  ];
}

function outcomesCall(outcomes: readonly Outcome[]): SqlCall {
  return {
    statement: sql.insertOutcomes,
    parameters: [
      encode.uuidArray(outcomes.map(({ root }) => root)),
      encode.int4Array(outcomes.map(({ workflow }) => workflow)),
      encode.textArray(outcomes.map(({ name }) => name)),
      encode.int4Array(outcomes.map(({ state }) => finalStates.indexOf(state))),
      encode.int8Array(outcomes.map(({ finishedAtMs }) => finishedAtMs)),
      encode.varbitArray(outcomes.map(({ ordinals }) => ordinalBits(ordinals))),
      encode.int4Array(outcomes.map(({ ordinals }) => ordinals.length)),
      encode.uuidArray(outcomes.map(({ body }) => body)),
    ],
  };
}
