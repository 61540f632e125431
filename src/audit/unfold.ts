// A row of the audit unfolded into its events, in their order: what the view `millrace_audit_event` does in SQL, some
// hundred times faster (it looks bodies up once an event). What a trace holds is written down in `trace.ts`.

import { eventByCode } from '../workflow/events.js';
import type { Json, JsonObject } from '../workflow/model.js';
import { dataKind, eventSteps, type MemberTrace } from './trace.js';

/** Where an event's data is. */
export type EventData =
  | { readonly kind: 'value'; readonly value: Json }
  /** The member's input, and over it what it had written. */
  | { readonly kind: 'variables'; readonly written: string | null }
  /** The member's text in a body; `member` of it, when that is an object with it. */
  | { readonly kind: 'body'; readonly body: string; readonly key: string | null };

export interface UnfoldedEvent {
  /** From 1. */
  readonly group: number;
  /** `null`: the engine's own, or one that concerns all of a root. */
  readonly ordinal: number | null;
  /** Grows with the events of a member in a group; what one action sent may have the same. */
  readonly step: number;
  readonly name: string;
  readonly shortName: string;
  readonly family: string;
  /** Number of the workflow version. */
  readonly workflow: number | null;
  readonly action: string | null;
  readonly atMs: number;
  readonly attempt: number;
  readonly engine: string;
  /** `null`: the submitter of the root. */
  readonly user: string | null;
  readonly message: string | null;
  readonly data: EventData;
  /** Its group tells of actions: it is of a transaction, not of an operation on what waits. */
  readonly hasPath: boolean;
}

/** A trace group as it is stored. */
export interface StoredGroup {
  readonly s: string;
  readonly b: number;
  readonly a: number;
  readonly k: number;
  readonly h?: number | readonly number[];
  readonly n: number;
  readonly e: readonly (readonly [code: number, action: number, time: number, data: number])[];
  readonly w?: number;
  readonly f?: number;
  readonly o?: readonly number[];
  readonly p?: readonly string[];
  readonly t?: readonly number[];
  readonly u?: string;
  readonly d?: string;
  readonly r?: string;
  readonly m?: string;
  readonly x?: readonly JsonObject[];
  readonly y?: readonly number[];
  readonly z?: readonly Json[];
  readonly zk?: number;
  readonly c?: readonly MemberTrace<Json>[];
}

const nothing: EventData = { kind: 'value', value: null };

/** Events of a row's trace, in the order (group, member, step). */
export function unfold(trace: string): UnfoldedEvent[] {
  return (JSON.parse(trace) as StoredGroup[]).flatMap((group, index) => eventsOf(group, index + 1));
}

/** The same of one member of the row's root: what the others had is not unfolded. */
export function unfoldMember(trace: string, ordinal: number): UnfoldedEvent[] {
  return (JSON.parse(trace) as StoredGroup[]).flatMap((group, index) => {
    const member = memberOf(group, ordinal);
    return member === null ? [] : eventsOf(group, index + 1, member);
  });
}

/** Which one of the group's members that is; `null`: none. */
export function memberOf({ f, o, n }: StoredGroup, ordinal: number): number | null {
  const member = o === undefined ? ordinal - (f ?? Number.POSITIVE_INFINITY) : o.indexOf(ordinal);
  return member < 0 || member >= n ? null : member;
}

/** @param only the member; default: all */
function eventsOf(group: StoredGroup, number: number, only: number | null = null): UnfoldedEvent[] {
  const { s: engine, b: baseMs, a, k, n, e, f, o, t, u, m, c } = group;
  const same = {
    group: number,
    workflow: group.w ?? null,
    attempt: a + 1,
    engine,
    user: u ?? null,
    hasPath: group.p !== undefined,
  };
  const ordinalOf = (member: number): number | null => o?.[member] ?? (f === undefined ? null : f + member);
  const actionAt = (place: number): string | null => (place < 0 ? null : (group.p?.[place] ?? null));
  const events: UnfoldedEvent[] = [];
  const end = only === null ? n : only + 1;
  for (let member = only ?? 0; member < end; member++) {
    const ordinal = ordinalOf(member);
    for (const [at, [code, place, time, data]] of e.entries()) {
      events.push({
        ...same,
        ...kindOf(code, null),
        ordinal,
        step: (at + 1) * eventSteps,
        action: actionAt(place),
        atMs: baseMs + (time < 0 ? 0 : (t?.[member * k + time] ?? 0)),
        message: m ?? null,
        data: dataOf(group, member, data),
      });
    }
  }
  if (c === undefined) return events;
  for (const [member, code, place, offsetMs, step, name, message, data] of c) {
    if (only !== null && member !== only) continue;
    events.push({
      ...same,
      ...kindOf(code, name),
      ordinal: ordinalOf(member),
      step,
      action: actionAt(place),
      atMs: baseMs + offsetMs,
      message: message ?? m ?? null,
      data: { kind: 'value', value: data ?? null },
    });
  }
  return events.sort((one, other) => (one.ordinal ?? -1) - (other.ordinal ?? -1) || one.step - other.step);
}

function kindOf(code: number, custom: string | null): Pick<UnfoldedEvent, 'name' | 'shortName' | 'family'> {
  const known = eventByCode(code);
  const { name = '', shortName = '', family = 'custom' } = known ?? {};
  return custom === null ? { name, shortName, family } : { name: custom, shortName: custom, family };
}

/** As errors are kept elsewhere; a group has the attempt once for all of its members. */
function withAttempt(error: JsonObject | null, attempt: number): JsonObject | null {
  if (error === null) return null;
  const { stack, ...rest } = error;
  return { ...rest, attempt, ...(stack === undefined ? {} : { stack }) };
}

function dataOf({ a, d, r, x, y, z, zk = 1 }: StoredGroup, member: number, kind: number): EventData {
  switch (kind) {
    case dataKind.none:
      return nothing;
    case dataKind.variables:
      return { kind: 'variables', written: d ?? null };
    case dataKind.result:
      return r === undefined ? nothing : { kind: 'body', body: r, key: null };
    case dataKind.resultWritten:
      return r === undefined ? nothing : { kind: 'body', body: r, key: 'RESULT' };
    case dataKind.error:
      return { kind: 'value', value: withAttempt(x?.[y?.[member] ?? -1] ?? null, a + 1) };
    default:
      return { kind: 'value', value: z?.[member * zk + kind - dataKind.earlierResult] ?? null };
  }
}
