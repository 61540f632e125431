// Outcomes gathered until they are sent: members of a part to which the same happened form a group, and what they
// bring is packed once a group. At most one batch's outcomes are open at a time in practice, so lists are searched,
// not indexed.

import { type PackableGroup, type PackedOutcomes, packOutcomes } from '../packing.js';
import type { ActionError, MemberEvent } from '../protocol.js';
import type { Member } from './member.js';
import type { ThreadBatch, ThreadPart } from './thread-batch.js';
import type { NodeExit } from './thread-plan.js';

class GatheredGroup {
  readonly members: number[] = [];
  readonly times: number[] = [];
  readonly payload: string[] = [];
  readonly earlier: string[] = [];
  readonly errors: ActionError[] = [];
  readonly errorOf: number[] = [];
  /** By member once one has any. */
  readonly statements: string[] = [];
  /** Of triggers that have fired, after they had waited. */
  readonly arrivedMs: number[] = [];
  /** Of triggers that wait. */
  readonly untilMs: number[] = [];
  readonly waitsFor: string[] = [];
  readonly #errorKeys = new Map<string, number>();
  readonly path: readonly number[];
  isAscending = true;
  syncMs = 0;
  elapsedMs = 0;

  constructor(
    readonly part: ThreadPart,
    readonly exit: NodeExit,
    readonly hasPayload: boolean,
    /** When its first member ended. */
    readonly atMs: number,
  ) {
    this.path = exit.node.path;
  }

  add(member: Member, endedMs: number): void {
    const { members, times } = this;
    if (members.length > 0 && members[members.length - 1]! > member.index) this.isAscending = false;
    members.push(member.index);
    if (member.times !== null) for (const time of member.times) times.push(time);
    if (this.path.length > 0) times.push(member.startedMs, endedMs);
    if (member.earlierResults !== null) for (const text of member.earlierResults) this.earlier.push(text);
    if (member.arrivedMs !== null) this.arrivedMs.push(member.arrivedMs);
    this.syncMs += member.syncMs;
    this.elapsedMs += endedMs - member.begunMs;
    if (this.exit.kind === 'unfired') {
      this.untilMs.push(member.untilMs);
      this.waitsFor.push(member.event);
    }
  }

  addStatements({ statements }: Member): void {
    if (statements === null) return;
    this.#padStatements(this.members.length - 1);
    this.statements.push(JSON.stringify(statements));
  }

  #padStatements(length: number): void {
    while (this.statements.length < length) this.statements.push('');
  }

  addError(error: ActionError): void {
    const key = `${error.code}\n${error.message}\n${error.stack}`;
    let at = this.#errorKeys.get(key);
    if (at === undefined) {
      at = this.errors.push(error) - 1;
      this.#errorKeys.set(key, at);
    }
    this.errorOf.push(at);
  }

  /** @param shareUs what each member cost beyond its synchronous parts */
  close(shareUs: number): PackableGroup {
    if (this.statements.length > 0) this.#padStatements(this.members.length);
    if (!this.isAscending) this.#sort();
    const { part, path, members, times } = this;
    const { kind, reached, demand, exits } = this.exit;
    const hasErrors = this.errors.length > 0;
    const hasStatements = this.statements.length > 0;
    const isWaiting = kind === 'unfired';
    const haveWaited = this.arrivedMs.length === members.length;
    return {
      part: part.index,
      kind,
      path,
      reached,
      members,
      times,
      atMs: this.atMs,
      payload: this.hasPayload ? this.payload : null,
      rare:
        path.length > 1 ||
        hasErrors ||
        hasStatements ||
        isWaiting ||
        haveWaited ||
        exits !== undefined ||
        demand !== null
          ? {
              ...(path.length > 1 ? { earlierResults: this.earlier } : {}),
              ...(hasErrors ? { errors: this.errors, errorOf: Uint16Array.from(this.errorOf) } : {}),
              ...(exits === undefined ? {} : { exits }),
              ...(demand === null ? {} : { demand }),
              ...(hasStatements ? { statements: this.statements } : {}),
              ...(isWaiting ? { waits: { untilMs: this.untilMs, events: this.waitsFor } } : {}),
              ...(haveWaited ? { arrivedMs: this.arrivedMs } : {}),
            }
          : null,
      occupiedUs: this.syncMs * 1_000 + members.length * shareUs,
      elapsedUs: this.elapsedMs * 1_000,
    };
  }

  /** Members in ascending order, and everything that goes by member with them. */
  #sort(): void {
    const order = this.members.map((_, at) => at).sort((a, b) => this.members[a]! - this.members[b]!);
    reorder(this.members, order, 1);
    reorder(this.times, order, this.path.length * 2);
    reorder(this.payload, order, 1);
    reorder(this.earlier, order, this.path.length - 1);
    reorder(this.errorOf, order, 1);
    reorder(this.statements, order, 1);
    if (this.arrivedMs.length === order.length) reorder(this.arrivedMs, order, 1);
    reorder(this.untilMs, order, 1);
    reorder(this.waitsFor, order, 1);
  }
}

interface Gathered {
  readonly batch: ThreadBatch;
  readonly groups: GatheredGroup[];
  readonly events: MemberEvent[];
}

export class Gathering {
  #open: Gathered[] = [];
  #last: GatheredGroup | null = null;
  #members = 0;
  #syncMs = 0;
  #shareUs = 50;

  /** Members whose outcomes wait. */
  get members(): number {
    return this.#members;
  }

  /** @param error of its last action, when that one's error or timeout flow led to where it stands */
  completed(member: Member, exit: NodeExit, payload: string | null, error: ActionError | null, endedMs: number): void {
    const group = this.#group(member, exit, payload !== null, endedMs);
    group.add(member, endedMs);
    group.addStatements(member);
    if (payload !== null) group.payload.push(payload);
    if (error !== null) group.addError(error);
    if (member.events !== null) this.#openFor(member.part.batch).events.push(...member.events);
    this.#count(member);
  }

  /** What the member wrote and sent to the audit trail is rolled back with it. */
  failed(member: Member, error: ActionError, endedMs: number): void {
    const group = this.#group(member, member.node.failed, false, endedMs);
    group.add(member, endedMs);
    group.addError(error);
    this.#count(member);
  }

  /** An event that goes with an outcome that waits. */
  event(batch: ThreadBatch, event: MemberEvent): void {
    this.#openFor(batch).events.push(event);
  }

  /**
   * Everything that waits, a message a batch.
   *
   * @param wallOffsetMs what makes `performance.now()` the time of day
   * @param busyMs how long the thread was busy since the last call
   */
  take(wallOffsetMs: number, busyMs: number): PackedOutcomes[] {
    // What no synchronous part accounts for (continuations after an `await`, decoding, packing) is everybody's alike.
    // It includes whatever else kept the processor, so it may fall at once but only double from one message to the next.
    const shareUs = (Math.max(0, busyMs - this.#syncMs) * 1_000) / Math.max(1, this.#members);
    this.#shareUs = Math.max(1, Math.min(shareUs, this.#shareUs * 2));
    const messages = this.#open.map(({ batch, groups, events }) =>
      packOutcomes(
        batch.id,
        groups.map(group => group.close(this.#shareUs)),
        events,
        wallOffsetMs,
      ),
    );
    this.#open = [];
    this.#last = null;
    this.#members = 0;
    this.#syncMs = 0;
    return messages;
  }

  #count(member: Member): void {
    this.#members += 1;
    this.#syncMs += member.syncMs;
  }

  #group(member: Member, exit: NodeExit, hasPayload: boolean, endedMs: number): GatheredGroup {
    const last = this.#last;
    if (last !== null && isSame(last, member, exit, hasPayload)) return last;
    const { groups } = this.#openFor(member.part.batch);
    let group = groups.find(candidate => isSame(candidate, member, exit, hasPayload));
    if (group === undefined) {
      group = new GatheredGroup(member.part, exit, hasPayload, endedMs);
      groups.push(group);
    }
    this.#last = group;
    return group;
  }

  #openFor(batch: ThreadBatch): Gathered {
    let open = this.#open.find(candidate => candidate.batch === batch);
    if (open === undefined) {
      open = { batch, groups: [], events: [] };
      this.#open.push(open);
    }
    return open;
  }
}

function isSame(group: GatheredGroup, member: Member, exit: NodeExit, hasPayload: boolean): boolean {
  return group.part === member.part && group.exit === exit && group.hasPayload === hasPayload;
}

function reorder<T>(list: T[], order: readonly number[], width: number): void {
  if (list.length === 0) return;
  const before = list.slice();
  for (let at = 0; at < order.length; at++) {
    for (let column = 0; column < width; column++) list[at * width + column] = before[order[at]! * width + column]!;
  }
}
