// What timers will fire: those of living instances, by what they keep, and those that stored workflows begin with, as if these
// were submitted at the beginning of the time that is asked about. Whatever makes them late is not known; nor where an instance
// is when its timer is due: a timer fires when a flow stands at it.

import { ActionFault } from '../../dispatch/action.js';
import { keptOf } from '../../dispatch/thread/turns.js';
import { EngineError } from '../../observe/errors.js';
import type { Scope, Segment, Store } from '../../store/contract.js';
import { calendarsReady } from '../../triggers/calendars.js';
import { recurrencesReady, timerTerms } from '../../triggers/timer.js';
import { dueOf, keptAtFirst, passed, type TimerKept, type TimerTerms } from '../../triggers/timer-turn.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { Plan, PlanAction } from '../../workflow/plan.js';
import { HeldBody } from '../claims/held-body.js';
import type { Definitions, KnownWorkflow } from '../definitions/definitions.js';
import { openOf } from '../operations/withdrawal.js';

export interface ForecastFiring {
  readonly atMs: number;
  readonly workflow: string;
  /** `null`: of the workflow as it is stored, if it were submitted. */
  readonly instance: string | null;
  /** The timer. */
  readonly action: string;
}

export interface Forecast {
  /** In order of time. */
  readonly firings: readonly ForecastFiring[];
  /** There are more: these are the first. */
  readonly isCut: boolean;
}

export interface ForecastQuery {
  /** A workflow, or a branch with trailing `/`. Default: all. */
  readonly scope?: string;
  /** Included; milliseconds since 1970. */
  readonly fromMs: number;
  /** Included. */
  readonly toMs: number;
  /** Firings at most. Default and bound 10,000. */
  readonly limit?: number;
}

export const forecastMax = 10_000;
/** Segments are read a page at a time: with what their members have written they may be large. */
const pageSegments = 50;
/** Turns over what lies before the time that is asked about, 10,000 instants each. */
const skipsMax = 20;

type Named = Omit<ForecastFiring, 'atMs'>;

/** @throws EngineError `OPTION_INVALID` for times that end before they begin, or more than `forecastMax` firings */
export async function forecast(
  store: Store,
  definitions: Definitions,
  scope: Scope,
  { fromMs, toMs, limit = forecastMax }: ForecastQuery,
): Promise<Forecast> {
  if (toMs < fromMs) throw new EngineError('OPTION_INVALID', 'a forecast ends after it begins');
  if (limit < 1 || limit > forecastMax) {
    throw new EngineError('OPTION_INVALID', `a forecast has 1 to ${forecastMax} firings, not ${limit}`);
  }
  const found = new Firings(fromMs, toMs, limit);
  await definitions.load();
  for (const known of newestOf(definitions.all(), scope)) {
    for (const action of startTimers(known.plan)) {
      const named = { workflow: known.version.name, instance: null, action: action.name };
      await found.add(named, action, keptAtFirst(fromMs));
    }
  }
  for (let after: string | null = null; ; ) {
    const page: Segment[] = await store.select(scope, Number.MAX_SAFE_INTEGER, after, pageSegments);
    await definitions.ensure(page.map(({ workflow }) => workflow));
    await addLiving(page, store, definitions, found);
    if (page.length < pageSegments) return found.forecast();
    after = page.at(-1)!.id;
  }
}

async function addLiving(
  page: readonly Segment[],
  store: Store,
  definitions: Definitions,
  found: Firings,
): Promise<void> {
  const timed = page.flatMap(segment => {
    const timers = definitions.byNumber(segment.workflow).plan.actions.filter(isTimer);
    return segment.body === null || timers.length === 0 ? [] : [{ segment, timers, body: segment.body }];
  });
  if (timed.length === 0) return;
  const read = await store.bodies(timed.map(({ body }) => body));
  const bodies = new Map(read.map(body => [body.id, new HeldBody(body)]));
  for (const { segment, timers, body } of timed) {
    const written = bodies.get(body);
    // It has moved on since.
    if (written === undefined) continue;
    for (const position of openOf(segment)) {
      const ordinal = segment.ordinals[position]!;
      const kept = keptBy(written, ordinal);
      for (const action of timers) {
        const own = kept[action.name]?.kept;
        if (own === undefined) continue;
        const named = { workflow: segment.name, instance: instanceId(segment.root, ordinal), action: action.name };
        await found.add(named, action, own);
      }
    }
  }
}

type Kept = { readonly [action: string]: { readonly kept?: TimerKept } };

/** What the triggers of a member keep. */
function keptBy(written: HeldBody, ordinal: number): Kept {
  return keptOf(written.textOf(ordinal) ?? '') as unknown as Kept;
}

async function termsOf(action: PlanAction, { schedule }: TimerKept): Promise<TimerTerms> {
  await recurrencesReady();
  await calendarsReady(action);
  return timerTerms(action, schedule);
}

function isTimer({ action }: PlanAction): boolean {
  return action.type === 'timer';
}

/** The timers at which an instance begins. */
function startTimers({ entry, actions }: Plan): PlanAction[] {
  const begins = actions[entry.place]!;
  return (entry.hasRun ? begins.flows.map(({ to }) => actions[to]!) : [begins]).filter(isTimer);
}

function newestOf(all: readonly KnownWorkflow[], scope: Scope): KnownWorkflow[] {
  const newest = new Map<string, KnownWorkflow>();
  for (const known of all) {
    const { name, version } = known.version;
    const isIn = scope.kind === 'branch' ? name.startsWith(scope.branch) : name === scope.name;
    if (isIn && (newest.get(name)?.version.version ?? 0) < version) newest.set(name, known);
  }
  return [...newest.values()];
}

/** The first firings of many timers, in memory that is bounded. */
class Firings {
  #kept: ForecastFiring[] = [];
  #isCut = false;
  /** Later ones are more than are asked for. */
  #toMs: number;

  constructor(
    readonly fromMs: number,
    toMs: number,
    readonly limit: number,
  ) {
    this.#toMs = toMs;
  }

  async add(named: Named, action: PlanAction, from: TimerKept): Promise<void> {
    try {
      this.#add(named, await termsOf(action, from), from);
    } catch (error) {
      // It would end in this error, and fires nothing.
      if (!(error instanceof ActionFault)) throw error;
    }
  }

  #add(named: Named, terms: TimerTerms, from: TimerKept): void {
    let kept = this.#skipped(terms, from);
    for (let count = 0; kept !== null; count++) {
      const due = dueOf(terms, kept);
      if (due.kind === 'expired') return;
      if (due.atMs > this.#toMs || count > this.limit) {
        this.#isCut ||= count > this.limit;
        return;
      }
      this.#kept.push({ atMs: due.atMs, ...named });
      if (this.#kept.length > 2 * this.limit) this.#cut();
      kept = { ...passed(terms, kept, due.atMs), fired: kept.fired + 1 };
    }
  }

  forecast(): Forecast {
    this.#cut();
    return { firings: this.#kept, isCut: this.#isCut };
  }

  /** As it is at the beginning of the time: what is overdue then is not listed. `null`: that is too far away. */
  #skipped(terms: TimerTerms, from: TimerKept): TimerKept | null {
    let kept = from;
    for (let skips = 0; skips < skipsMax; skips++) {
      const due = dueOf(terms, kept);
      if (due.kind === 'expired' || due.atMs >= this.fromMs) return kept;
      if (kept.nextMs !== undefined) {
        kept = passed(terms, kept, due.atMs);
        continue;
      }
      const { atMs } = terms.times(kept.firstMs).lastBefore(due.atMs, this.fromMs);
      kept = { ...kept, lastMs: atMs };
    }
    this.#isCut = true;
    return null;
  }

  #cut(): void {
    this.#kept.sort((a, b) => a.atMs - b.atMs);
    if (this.#kept.length <= this.limit) return;
    this.#kept.length = this.limit;
    this.#isCut = true;
    this.#toMs = Math.min(this.#toMs, this.#kept.at(-1)!.atMs);
  }
}
