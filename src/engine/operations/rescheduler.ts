// Rescheduling: what waits at timers and delays is given another time, or another schedule. It goes into what their triggers keep,
// by which they are asked at once, and wait anew or fire.
//
// Invariants:
//   N1. A call reschedules a flow context once, wherever it stands when it is met again.
//   N2. What is being asked just now is met again: it fires, or waits and is rescheduled.

import { EngineError } from '../../observe/errors.js';
import { type LocatedContext, request, type Scope, type Segment } from '../../store/contract.js';
import type { JsonObject, TimerTrigger, WorkflowDefinition } from '../../workflow/model.js';
import type { PlanAction } from '../../workflow/plan.js';
import { WrittenTexts, withKept } from '../bringers/deliveries.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { splitByRequests, stillPaused, unrun } from '../commit/commit-items.js';
import { packedTexts } from '../commit/packing.js';
import { workflowsOf } from '../definitions/definitions.js';
import type { EngineParts } from '../parts.js';
import type { Members } from '../shared/main-line.js';
import { pause } from '../store-trouble.js';
import { requestsAt } from './member-requests.js';
import { type NewTimes, scheduleFault } from './new-times.js';
import { Counted } from './operation-changes.js';
import type { OperationOptions, OperationResult } from './operation-options.js';
import type { Target } from './operator.js';
import { openOf, type Waiting, Withdrawal } from './withdrawal.js';

/** What they have written is in memory together. */
const pageSegments = 50;
/** Passes over what is named, as long as some of it was being asked, or kept changing. */
const passesMax = 50;

export class Rescheduler {
  readonly #parts: EngineParts;
  readonly #withdrawal: Withdrawal;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#withdrawal = new Withdrawal(parts);
  }

  /** @throws EngineError `INSTANCE_UNKNOWN`; `OPTION_INVALID` when a timer cannot have the schedule: those before it have it */
  async run(times: NewTimes, target: Target, user: string, options: OperationOptions): Promise<OperationResult> {
    const call = new Rescheduling(times, user, options, this.#parts, this.#withdrawal);
    for (let pass = 0; pass < passesMax; pass++) {
      if (pass > 0) await pause(this.#parts.clock);
      const isWhole =
        target.kind === 'instance' ? await this.#onInstance(target.instance, call) : await this.#onScope(target, call);
      if (isWhole) return call.result();
    }
    throw new EngineError('OPERATION_CONTENDED', 'reschedule: what it names kept changing');
  }

  async #onInstance(instance: string, call: Rescheduling): Promise<boolean> {
    const located = await this.#parts.store.locate(instance);
    if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${instance}`);
    if (located.kind === 'left') return true;
    return call.on(located.contexts.map(membersOf));
  }

  async #onScope(scope: Scope, call: Rescheduling): Promise<boolean> {
    const { store } = this.#parts;
    let isWhole = true;
    for (let after: string | null = null; ; ) {
      const page: Segment[] = await store.select(scope, call.horizonMs, after, pageSegments);
      if (!(await call.on(page.map(segment => ({ segment, positions: openOf(segment) }))))) isWhole = false;
      if (page.length < pageSegments) return isWhole;
      after = page[page.length - 1]!.id;
    }
  }
}

/** One call. */
class Rescheduling {
  readonly #times: NewTimes;
  readonly #user: string;
  readonly #options: OperationOptions;
  readonly #parts: EngineParts;
  readonly #withdrawal: Withdrawal;
  readonly #counted = new Counted();
  /** Timers that can have the schedule. */
  readonly #checked = new Set<PlanAction>();
  #segments = 0;
  readonly horizonMs: number;

  constructor(times: NewTimes, user: string, options: OperationOptions, parts: EngineParts, withdrawal: Withdrawal) {
    this.#times = times;
    this.#user = user;
    this.#options = options;
    this.#parts = parts;
    this.#withdrawal = withdrawal;
    this.horizonMs = parts.clock.nowMs();
  }

  /** False when some of them are to be met again. */
  async on(members: readonly Members[]): Promise<boolean> {
    await this.#parts.definitions.ensure(workflowsOf(members.map(({ segment }) => segment)));
    const meant = members.map(each => this.#meant(each)).filter(({ positions }) => positions.length > 0);
    if (meant.length === 0) return true;
    if (this.#options.dryRun === true) {
      for (const { segment, positions } of meant) this.#count(segment, positions);
      return true;
    }
    const sorted = await this.#withdrawal.take(meant);
    const still = sorted.filter(({ waiting }) => waiting.length > 0);
    if (still.length > 0 && !(await this.#withdrawal.orPutBack(still, () => this.#apply(still)))) return false;
    for (const { segment, waiting } of still) this.#count(segment, waiting);
    this.#options.onProgress?.(this.result());
    return sorted.every(({ executing }) => executing.length === 0);
  }

  result(): OperationResult {
    const { contexts, instances } = this.#counted;
    return { contexts, ...(this.#options.dryRun === true ? { instances } : {}), segments: this.#segments };
  }

  #count(segment: Segment, positions: Uint16Array): void {
    this.#counted.add(segment, positions, () => true);
    this.#segments += 1;
  }

  /** Those that wait at a trigger which can have the new time. */
  #meant({ segment, positions }: Members): Members {
    const { plan, version } = this.#parts.definitions.byNumber(segment.workflow);
    const action = plan.actions[segment.place]!;
    if (segment.waitsFor !== '' || !this.#canHave(action, version.definition)) {
      return { segment, positions: new Uint16Array() };
    }
    return {
      segment,
      positions: positions.filter(
        at => !this.#counted.hasMember(segment, at) && (requestsAt(segment, at) & request.remove) === 0,
      ),
    };
  }

  #canHave(planAction: PlanAction, definition: string): boolean {
    const { action, name } = planAction;
    if (this.#times.kind === 'next') return action.type === 'timer' || action.type === 'delay';
    if (action.type !== 'timer') return false;
    if (this.#checked.has(planAction)) return true;
    const { calendars } = JSON.parse(definition) as WorkflowDefinition;
    const fault = scheduleFault(action as TimerTrigger, calendars, this.#times.schedule);
    if (fault !== null) throw new EngineError('OPTION_INVALID', `timer "${name}" cannot have that schedule: ${fault}`);
    this.#checked.add(planAction);
    return true;
  }

  async #apply(sorted: readonly Waiting[]): Promise<boolean> {
    const { committer, clock } = this.#parts;
    const texts = await WrittenTexts.of(
      sorted.map(({ segment }) => segment),
      this.#parts,
    );
    const nowMs = clock.nowMs();
    return committer.commitNow(
      sorted.flatMap(each => this.#items(each, texts, nowMs)),
      [],
      [],
    );
  }

  #items({ segment, waiting }: Waiting, texts: WrittenTexts, nowMs: number): CommitItem[] {
    const { holdings, definitions } = this.#parts;
    const { plan } = definitions.byNumber(segment.workflow);
    const { name } = plan.actions[segment.place]!;
    const written = Array.from(waiting, position => {
      const { arrivedAtMs, kept } = texts.kept({ segment, position }, name);
      const keeps = withTimes({ fired: 0, firstMs: arrivedAtMs, ...kept }, this.#times, nowMs);
      return withKept(texts.of({ segment, position }), name, keeps, segment);
    });
    const part = { held: holdings.holdSegment(segment), plan, positions: waiting };
    const more = { payload: packedTexts(written), user: this.#user };
    const item = unrun(part, { kind: 'unfired', untilMs: nowMs, event: '' }, nowMs, more);
    return stillPaused(splitByRequests(item), segment);
  }
}

/** What a timer or delay keeps that has been given a new time. */
function withTimes(kept: JsonObject, times: NewTimes, nowMs: number): JsonObject {
  const { nextMs: _, ...same } = kept;
  switch (times.kind) {
    case 'next':
      return { ...same, nextMs: Math.max(times.atMs, nowMs) };
    case 'schedule':
      // It counts from now: what the other schedule has left over is not made up for.
      return { ...same, lastMs: nowMs, madeUp: 0, schedule: { ...times.schedule } };
  }
}

function membersOf({ segment, position }: LocatedContext): Members {
  return { segment, positions: Uint16Array.of(position) };
}
