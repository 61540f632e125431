// Brings events of the audit to the triggers that wait for them. One engine, the master, reads what is new as long as anybody
// waits, once for all of them.
//
// Invariants:
//   N1. A trigger is given events in the order of the audit: what it keeps names the last one, and it is looked for behind that.
//   N2. Before its first firing it is given what happened since it was first reached.
//   N3. Up to where somebody's audit has been looked at in vain is remembered here, and found anew by the next master.

import type { Commit, Segment } from '../../store/contract.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { PlanAction } from '../../workflow/plan.js';
import { auditTrailEvent } from '../../workflow/waited-events.js';
import type { EngineParts } from '../parts.js';
import { AuditPages, type AuditRecord } from '../reads/audit-pages.js';
import { Rounds } from '../rounds.js';
import { type AuditPattern, auditPattern } from './audit-patterns.js';
import { type Delivery, deliver, deliveriesMax, type Waiter, WrittenTexts, waitersOf } from './deliveries.js';

const everyMs = 250;
/** Whether somebody waits is looked up so rarely when this engine knows of nobody. */
const lookEveryRounds = 40;
const pageSegments = 200;
/** Those that wait behind so many are looked at when these have gone. */
const waitersMax = 5_000;
const pageEvents = 200;
const pagesMax = 20;
/** Commits may take so long, and clocks of engines be so far apart. */
const marginMs = 10_000;

type World = Pick<EngineParts, 'store' | 'clock' | 'definitions' | 'holdings' | 'committer'> & {
  readonly leads: () => boolean;
  readonly failed: (error: unknown) => void;
};

/** Somebody who waits, and where the audit begins for him. */
interface Reader extends Waiter {
  readonly key: string;
  readonly cursor: string;
  readonly sinceMs: number;
}

export class AuditWatch {
  readonly #world: World;
  readonly #pages: AuditPages;
  readonly #rounds: Rounds;
  readonly #patterns = new WeakMap<PlanAction, AuditPattern>();
  #walked = new Map<string, string>();
  #mayWait = true;
  #round = 0;

  constructor(world: World) {
    this.#world = world;
    this.#pages = new AuditPages(world.store);
    this.#rounds = new Rounds(() => this.#look(), everyMs, world.clock);
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** A commit is durable. */
  committed({ segments }: Commit): void {
    if (segments.some(({ waitsFor }) => waitsFor === auditTrailEvent)) this.#mayWait = true;
  }

  async #look(): Promise<void> {
    this.#round += 1;
    if (!this.#world.leads()) {
      this.#walked.clear();
      this.#mayWait = true;
      return;
    }
    if (!this.#mayWait && this.#round % lookEveryRounds !== 0) return;
    this.#mayWait = false;
    try {
      const readers = await this.#readers();
      if (readers.length > 0) this.#mayWait = true;
      const known = new Map(readers.map(({ key, cursor }) => [key, cursor]));
      this.#walked = known;
      const byCursor = new Map<string, Reader[]>();
      for (const reader of readers) byCursor.set(reader.cursor, [...(byCursor.get(reader.cursor) ?? []), reader]);
      for (const [cursor, group] of byCursor) await this.#walk(cursor, group);
    } catch (error) {
      this.#mayWait = true;
      this.#world.failed(error);
    }
  }

  async #readers(): Promise<Reader[]> {
    const { store, clock, definitions } = this.#world;
    const waiters: Waiter[] = [];
    for (let after: string | null = null; waiters.length < waitersMax; ) {
      const page: Segment[] = await store.messages.waiting(auditTrailEvent, clock.nowMs(), after, pageSegments);
      await definitions.ensure(page.map(({ workflow }) => workflow));
      waiters.push(...page.flatMap(waitersOf));
      if (page.length < pageSegments) break;
      after = page[page.length - 1]!.id;
    }
    const texts = await WrittenTexts.of(new Set(waiters.map(({ segment }) => segment)), this.#world);
    const readers: Reader[] = [];
    for (const waiter of waiters) {
      const key = `${waiter.segment.id} ${waiter.position}`;
      const { kept, arrivedAtMs } = texts.kept(waiter, this.#actionOf(waiter).name);
      const sinceMs = kept.after === undefined ? arrivedAtMs : 0;
      const cursor = this.#walked.get(key) ?? kept.after ?? (await this.#pages.before(arrivedAtMs - marginMs));
      readers.push({ ...waiter, key, cursor, sinceMs });
    }
    return readers;
  }

  async #walk(from: string, readers: readonly Reader[]): Promise<void> {
    const lines = new Map<PlanAction, Reader[]>();
    for (const reader of readers) {
      const action = this.#actionOf(reader);
      lines.set(action, [...(lines.get(action) ?? []), reader]);
    }
    const patterns = [...lines.keys()].map(action => this.#patternOf(action));
    const fits: AuditPattern['fits'] = event => patterns.some(pattern => pattern.fits(event));
    const deliveries: Delivery[] = [];
    let cursor = from;
    for (let page = 0; page < pagesMax && deliveries.length < deliveriesMax && lines.size > 0; page++) {
      const { events, next, isEnd } = await this.#pages.page({ fits }, cursor, 'oldest', pageEvents);
      for (const { record, cursor: after } of events) {
        for (const [action, line] of lines) {
          const pattern = this.#patternOf(action);
          if (!pattern.fits(record) || !pattern.fitsUser(record.user)) continue;
          const isHis = (reader: Reader): boolean => isFor(reader, action, record);
          const left = line.filter(reader => !isHis(reader));
          for (const reader of line.filter(isHis))
            deliveries.push({ ...reader, brings: { given: resultOf(record), after } });
          if (left.length > 0) lines.set(action, left);
          else lines.delete(action);
        }
      }
      cursor = next;
      if (isEnd) break;
    }
    for (const line of lines.values()) for (const { key } of line) this.#walked.set(key, cursor);
    for (let at = 0; at < deliveries.length; at += deliveriesMax) {
      // Who was not served is looked at again from where he was.
      await deliver(deliveries.slice(at, at + deliveriesMax), [], this.#world);
    }
  }

  #actionOf({ segment }: Waiter): PlanAction {
    return this.#world.definitions.byNumber(segment.workflow).plan.actions[segment.place]!;
  }

  #patternOf(planAction: PlanAction): AuditPattern {
    const known = this.#patterns.get(planAction);
    if (known !== undefined) return known;
    const { action } = planAction;
    if (action.type !== 'auditTrail') throw new Error(`an audit trail trigger was expected, not ${action.type}`);
    const pattern = auditPattern(action);
    this.#patterns.set(planAction, pattern);
    return pattern;
  }
}

function isFor({ segment, position, sinceMs }: Reader, { action }: PlanAction, { at, instance }: AuditRecord): boolean {
  if (Date.parse(at) < sinceMs) return false;
  const own = instanceId(segment.root, segment.ordinals[position]!);
  return instance !== own || (action.type === 'auditTrail' && action.own === true);
}

function resultOf({ at, action, engine, message, event, workflow, user }: AuditRecord) {
  return {
    timestamp: at,
    actionName: action,
    engineName: engine,
    eventMessage: message,
    eventName: event,
    namespace: workflow,
    username: user,
  };
}
