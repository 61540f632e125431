// The order of execution as a model too small to be wrong: what may run now, by whom, and what comes first.
//
// No lanes, no ranks, no heads: every question is answered by looking at all members anew.

import type { BranchSettings, FairnessWindow, Throttle } from '../../src/queue/contract.js';
import type { MemberPriority, ReadyMember, Shortage } from '../../src/queue/whereabouts.js';
import { type Keyed, KeysModel } from './keys-model.js';
import { RateModel, type Release } from './rate-model.js';

/** What the order asks of a member. */
export interface Ordered {
  /** Full name of its workflow. */
  readonly name: string;
  readonly key?: string;
  /** Its own, or `null`. */
  readonly priority: number | null;
  readonly eligibleAtMs: number;
  readonly createdAtMs: number;
  readonly arrival: number;
  readonly position: number;
}

/** A member that holds a slot of every branch on its path. */
export interface Running {
  readonly name: string;
  readonly key?: string;
  readonly engine: string;
}

const noThrottle: Throttle = { perEngine: null, clusterWide: null, rate: null };

export class OrderModel {
  readonly #priorities = new Map<string, number | null>();
  readonly #fifo = new Map<string, boolean | null>();
  readonly #windows = new Map<string, FairnessWindow | null>();
  readonly #throttles = new Map<string, Throttle>();
  readonly keys = new KeysModel();
  readonly #rates = new RateModel();
  #setAtMs = Number.NEGATIVE_INFINITY;

  setPriority(branch: string, priority: number | null): void {
    this.#priorities.set(branch, priority);
  }

  setFifo(branch: string, fifo: boolean | null): void {
    this.#fifo.set(branch, fifo);
  }

  setFairness(branch: string, window: FairnessWindow | null): void {
    this.#windows.set(branch, window);
  }

  setThrottle(branch: string, throttle: Throttle | null, nowMs: number): void {
    this.#setAtMs = nowMs;
    this.#rates.set(branch, throttle?.rate ?? null, nowMs);
    if (throttle === null) this.#throttles.delete(branch);
    else this.#throttles.set(branch, throttle);
  }

  /** What is set, in order of branch. */
  settings(): [string, BranchSettings][] {
    const set = [this.#priorities, this.#fifo, this.#windows, this.#throttles].flatMap(each => [...each.keys()]);
    const branches = [...set, ...this.keys.branches()];
    const settings = [...new Set(branches)].map((branch): [string, BranchSettings] => [
      branch,
      {
        priority: this.#priorities.get(branch) ?? null,
        fifo: this.#fifo.get(branch) ?? null,
        fairness: this.#windows.get(branch) ?? null,
        throttle: this.#throttles.get(branch) ?? null,
        keys: this.keys.rulesOf(branch),
        isWhole: true,
      },
    ]);
    return sortedByBranch(
      settings.filter(([, { isWhole: _, ...set }]) => Object.values(set).some(value => value !== null)),
    );
  }

  /** What is set and what runs below it, in order of branch. */
  throttles(running: readonly Running[]): [string, { running: number; runningBy: [string, number][] } & Throttle][] {
    return sortedByBranch(
      [...this.#throttles].map(([branch, throttle]) => {
        const below = running.filter(({ name }) => name.startsWith(branch));
        const engines = [...new Set(below.map(({ engine }) => engine))].sort();
        const runningBy = engines.map((engine): [string, number] => [
          engine,
          below.filter(each => each.engine === engine).length,
        ]);
        return [branch, { ...throttle, running: below.length, runningBy }];
      }),
    );
  }

  /** What an engine takes next of those whose time has come; `undefined` when there is nothing, or no room. */
  next<T extends Ordered>(
    { ready, delayed }: { readonly ready: readonly T[]; readonly delayed: readonly T[] },
    running: readonly Running[],
    engine: string,
    nowMs: number,
  ): T | undefined {
    const waiting = [...ready, ...delayed];
    const open = ready.filter(
      member => this.room(member, running, engine, nowMs) > 0 && this.keys.isItsTurn(member, waiting),
    );
    return this.#first(open, 0, nowMs);
  }

  /** How many members like it an engine may claim more. */
  room(member: Ordered, running: readonly Running[], engine: string, nowMs: number): number {
    const rooms = pathOf(member.name).map(branch => {
      const { perEngine, clusterWide } = this.#throttles.get(branch) ?? noThrottle;
      const below = running.filter(each => each.name.startsWith(branch));
      return Math.min(
        (clusterWide ?? Number.POSITIVE_INFINITY) - below.length,
        (perEngine ?? Number.POSITIVE_INFINITY) - below.filter(each => each.engine === engine).length,
      );
    });
    return Math.min(this.keys.room(member, running, nowMs), this.#rates.tokens(pathOf(member.name), nowMs), ...rooms);
  }

  /**
   * The first of members that are all below the same `level` branches with weights: of those below a further one, and of one
   * window, only the first competes.
   */
  #first<T extends Ordered>(open: readonly T[], level: number, nowMs: number): T | undefined {
    const competing: T[] = [];
    const below = new Map<string, T[]>();
    for (const member of open) {
      const branch = this.keys.sharing(member.name)[level];
      if (branch === undefined) competing.push(member);
      else {
        const group = `${branch} ${this.#window(member)}`;
        below.set(group, [...(below.get(group) ?? []), member]);
      }
    }
    for (const members of below.values()) competing.push(this.#first(members, level + 1, nowMs)!);
    const startOf = (member: T): number => {
      const branch = this.keys.sharing(member.name)[level - 1];
      return branch === undefined ? 0 : this.keys.start(branch, member);
    };
    return competing.sort(
      (a, b) =>
        this.effective(a, nowMs) - this.effective(b, nowMs) ||
        startOf(a) - startOf(b) ||
        this.#filedMs(a) - this.#filedMs(b) ||
        a.arrival - b.arrival ||
        a.position - b.position,
    )[0];
  }

  /** What is said of one whose time has come, and how many are before it: so many at least, and at most. */
  whereabouts(
    member: Ordered,
    { ready, delayed }: { readonly ready: readonly Ordered[]; readonly delayed: readonly Ordered[] },
    running: readonly Running[],
    nowMs: number,
  ): Omit<ReadyMember, 'kind' | 'redelivered' | 'before'> & {
    readonly before: readonly [least: number, most: number];
  } {
    // Of what has a throttle beside its path one may stand for all, and what is full there is not before it.
    const beside = (name: string) =>
      pathOf(name).filter(branch => this.#throttles.has(branch) && !member.name.startsWith(branch));
    // Whose turn it is in shares is not looked at, and where keys have rules nothing is counted for sure. But what is below the
    // same weights in another window competes there by what is first of it, which may be another.
    const isApart = (each: Ordered) =>
      this.#window(each) !== this.#window(member) &&
      this.keys.sharing(member.name).some(branch => each.name.startsWith(branch));
    const before = ready.filter(
      each =>
        (this.effective(each, nowMs) - this.effective(member, nowMs) ||
          Number(isApart(each)) ||
          this.#filedMs(each) - this.#filedMs(member) ||
          each.arrival - member.arrival ||
          each.position - member.position) < 0,
    );
    const waiting = [...ready, ...delayed];
    const ofKey = this.keys.shortages(member, waiting, running, nowMs);
    const inLine = ofKey.reduce((sum, each) => sum + (each.kind === 'strict' ? each.before : 0), 0);
    const hasRules = this.keys.branches().length > 0;
    const isFull = (branch: string) =>
      this.#shortagesAt(branch, running, nowMs).some(each => each.kind !== 'perEngine' || each.limit === 0);
    return {
      waitedMs: Math.max(0, nowMs - member.eligibleAtMs),
      priority: this.#priorityOf(member, nowMs),
      window: this.#window(member),
      filedBy: nearest(this.#fifo, member.name) ? 'created' : 'eligible',
      shortages: [...ofKey, ...pathOf(member.name).flatMap(branch => this.#shortagesAt(branch, running, nowMs))],
      before: [
        hasRules ? inLine : before.filter(({ name }) => beside(name).length === 0).length,
        inLine + before.filter(({ name }) => !beside(name).some(isFull)).length,
      ],
    };
  }

  #priorityOf(member: Ordered, nowMs: number): MemberPriority {
    const effective = this.effective(member, nowMs);
    if (member.priority !== null) return { effective, base: member.priority, origin: 'own', branch: null };
    const branch = pathOf(member.name).find(each => (this.#priorities.get(each) ?? null) !== null);
    if (branch === undefined) return { effective, base: 10, origin: 'default', branch: null };
    return { effective, base: this.#priorities.get(branch)!, origin: 'branch', branch };
  }

  #shortagesAt(branch: string, running: readonly Running[], nowMs: number): Shortage[] {
    const { perEngine, clusterWide, rate } = this.#throttles.get(branch) ?? noThrottle;
    const below = running.filter(each => each.name.startsWith(branch));
    const found: Shortage[] = [];
    if (clusterWide !== null && below.length >= clusterWide) {
      found.push({ kind: 'clusterWide', branch, key: null, limit: clusterWide, running: below.length });
    }
    if (perEngine !== null) {
      const engines = [...new Set(below.map(({ engine }) => engine))]
        .filter(engine => below.filter(each => each.engine === engine).length >= perEngine)
        .sort();
      if (engines.length > 0 || perEngine === 0) found.push({ kind: 'perEngine', branch, limit: perEngine, engines });
    }
    const nextInMs = this.#rates.emptyForMs(branch, nowMs);
    if (rate !== null && nextInMs !== null) found.push({ kind: 'rate', branch, key: null, rate, nextInMs });
    return found;
  }

  /** A member is claimed, which takes a token of each rate above it, and of its key. */
  taken(member: Keyed): void {
    this.#rates.take(pathOf(member.name));
    this.keys.taken(member);
  }

  /** When throttles or rules for keys were last set. */
  get setAtMs(): number {
    return Math.max(this.#setAtMs, this.keys.setAtMs);
  }

  /** A member goes back as if it had not been claimed. */
  givenBack(member: Keyed, release: Release): void {
    this.#rates.giveBack(pathOf(member.name), release);
    this.keys.givenBack(member, release);
  }

  /** Until a rate that is used up lets something be claimed again: of a branch, or of a key that members have. */
  nextTokenInMs(members: readonly Keyed[], nowMs: number): number | null {
    const next = [this.#rates.nextTokenInMs(this.#rates.names(), nowMs), this.keys.nextTokenInMs(members, nowMs)];
    const waits = next.filter(inMs => inMs !== null);
    return waits.length === 0 ? null : Math.min(...waits);
  }

  /** The priority it competes with. */
  effective(member: Ordered, nowMs: number): number {
    const base = member.priority ?? nearest(this.#priorities, member.name) ?? 10;
    const window = this.#window(member);
    if (window === 'off') return base;
    const steps = Math.floor(nowMs / window) - Math.floor(member.eligibleAtMs / window);
    return Math.max(1, base - steps);
  }

  #window(member: Ordered): FairnessWindow {
    return nearest(this.#windows, member.name) ?? 'off';
  }

  #filedMs(member: Ordered): number {
    return nearest(this.#fifo, member.name) ? member.createdAtMs : member.eligibleAtMs;
  }
}

export function sortedByBranch<T>(byBranch: Iterable<[string, T]>): [string, T][] {
  return [...byBranch].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Every branch a workflow is in, its own first. */
function pathOf(name: string): string[] {
  const path: string[] = [];
  for (let branch = name; branch !== ''; branch = branch.slice(0, -1)) if (branch.endsWith('/')) path.push(branch);
  return path;
}

/** What is set at the nearest branch at or above a workflow. */
function nearest<T>(set: ReadonlyMap<string, T | null>, name: string): T | null {
  for (const branch of pathOf(name)) {
    const value = set.get(branch) ?? null;
    if (value !== null) return value;
  }
  return null;
}
