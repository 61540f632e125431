// Rules for keys as a model too small to be wrong: whose rules hold, whose turn it is, and how keys share.

import { finishesMax, type KeyRules, noKey, shareCost } from '../../src/queue/key-rules.js';
import type { Shortage } from '../../src/queue/whereabouts.js';
import { RateModel, type Release } from './rate-model.js';

/** What rules ask of a member. */
export interface Keyed {
  readonly name: string;
  readonly key?: string;
}

/** What strict order asks of one that waits. */
export interface Queued extends Keyed {
  readonly createdAtMs: number;
  readonly arrival: number;
  readonly position: number;
}

interface Shares {
  virtual: number;
  readonly finishes: Map<string, number>;
}

export class KeysModel {
  readonly #rules = new Map<string, KeyRules>();
  readonly #shares = new Map<string, Shares>();
  /** By branch and key; that of no key is the one that nothing is taken of. */
  readonly #rates = new RateModel();
  /** When rules were last set. */
  setAtMs = Number.NEGATIVE_INFINITY;

  set(branch: string, rules: KeyRules | null, nowMs: number): void {
    this.setAtMs = nowMs;
    const untouched = bucketOf(branch, noKey);
    const buckets = [untouched, ...this.#rates.names().filter(name => name.startsWith(untouched))];
    for (const bucket of new Set(buckets)) this.#rates.set(bucket, rules?.each.rate ?? null, nowMs);
    if (rules === null) this.#rules.delete(branch);
    else this.#rules.set(branch, rules);
    const hasWeights = rules !== null && rules.weights !== null;
    if (!hasWeights) this.#shares.delete(branch);
    else if (!this.#shares.has(branch)) this.#shares.set(branch, { virtual: 0, finishes: new Map() });
  }

  rulesOf(branch: string): KeyRules | null {
    return this.#rules.get(branch) ?? null;
  }

  branches(): string[] {
    return [...this.#rules.keys()];
  }

  /** More members of its key that may be claimed. */
  room(member: Keyed, running: readonly Keyed[], nowMs: number): number {
    return Math.min(this.#limitLeft(member, running), this.#rates.tokens(this.#buckets(member), nowMs));
  }

  #limitLeft(member: Keyed, running: readonly Keyed[]): number {
    const rules = this.#rulesFor(member);
    if (rules === null) return Number.POSITIVE_INFINITY;
    const limit = rules.isStrict ? 1 : (rules.each.clusterWide ?? Number.POSITIVE_INFINITY);
    return limit - running.filter(each => this.#isSameKey(each, member)).length;
  }

  /** A member is claimed. */
  taken(member: Keyed): void {
    this.#rates.take(this.#buckets(member));
  }

  givenBack(member: Keyed, release: Release): void {
    this.#rates.giveBack(this.#buckets(member), release);
  }

  /** Until a key of these members that has no token has one. */
  nextTokenInMs(members: readonly Keyed[], nowMs: number): number | null {
    return this.#rates.nextTokenInMs([...new Set(members.flatMap(member => this.#buckets(member)))], nowMs);
  }

  /** Of its key, if that has a rate. */
  #buckets(member: Keyed): string[] {
    const rules = this.#rulesFor(member);
    if (rules === null || rules.each.rate === null) return [];
    const branch = this.#rulesBranch(member.name)!;
    const bucket = bucketOf(branch, member.key!);
    this.#rates.beginAs(bucket, bucketOf(branch, noKey));
    return [bucket];
  }

  /** Nothing of its key that waits goes before it (Q11). */
  isItsTurn(member: Queued, waiting: readonly Queued[]): boolean {
    if (!this.#rulesFor(member)?.isStrict) return true;
    return !waiting.some(each => this.#isSameKey(each, member) && isCreatedBefore(each, member));
  }

  /** What of its key keeps it: those that go before it, and the bound. */
  shortages(member: Queued, waiting: readonly Queued[], running: readonly Keyed[], nowMs: number): Shortage[] {
    const rules = this.#rulesFor(member);
    if (rules === null) return [];
    const [branch, key] = [this.#rulesBranch(member.name)!, member.key!];
    const found: Shortage[] = [];
    const before = waiting.filter(each => this.#isSameKey(each, member) && isCreatedBefore(each, member)).length;
    if (rules.isStrict && before > 0) found.push({ kind: 'strict', branch, key, before });
    const limit = rules.isStrict ? 1 : rules.each.clusterWide;
    const room = this.#limitLeft(member, running);
    if (limit !== null && room <= 0) found.push({ kind: 'clusterWide', branch, key, limit, running: limit - room });
    const { rate } = rules.each;
    for (const bucket of this.#buckets(member)) {
      const nextInMs = this.#rates.emptyForMs(bucket, nowMs);
      if (rate !== null && nextInMs !== null) found.push({ kind: 'rate', branch, key, rate, nextInMs });
    }
    return found;
  }

  /** The branches with weights that a workflow is below, the outermost first. */
  sharing(name: string): string[] {
    return [...this.#shares.keys()].filter(branch => name.startsWith(branch)).sort((a, b) => a.length - b.length);
  }

  /** Of a member's flow, in a branch with weights. */
  start(branch: string, member: Keyed): number {
    const { virtual, finishes } = this.#shares.get(branch)!;
    return Math.max(virtual, finishes.get(this.#flow(branch, member)) ?? 0);
  }

  /** Members of a slice are claimed. */
  take(member: Keyed, members: number): void {
    for (const branch of this.sharing(member.name)) {
      const shares = this.#shares.get(branch)!;
      const flow = this.#flow(branch, member);
      shares.virtual = this.start(branch, member);
      shares.finishes.set(flow, shares.virtual + shareCost(members, flow, this.#rules.get(branch)!.weights!));
      const above = [...shares.finishes.values()].filter(finish => finish > shares.virtual).sort((a, b) => a - b);
      if (above.length > finishesMax) shares.virtual = above[above.length - finishesMax - 1]!;
    }
  }

  /** What is left in the queue: where nothing is, shares begin anew. */
  left(members: readonly Keyed[]): void {
    for (const branch of this.#shares.keys()) {
      if (members.some(({ name }) => name.startsWith(branch))) continue;
      this.#shares.set(branch, { virtual: 0, finishes: new Map() });
    }
  }

  #flow(branch: string, member: Keyed): string {
    return this.#rulesBranch(member.name) === branch ? (member.key ?? noKey) : noKey;
  }

  #isSameKey(a: Keyed, b: Keyed): boolean {
    return a.key === b.key && this.#rulesBranch(a.name) === this.#rulesBranch(b.name);
  }

  /** Those that hold for its key. */
  #rulesFor({ name, key }: Keyed): KeyRules | null {
    const branch = this.#rulesBranch(name);
    return key === undefined || branch === undefined ? null : this.#rules.get(branch)!;
  }

  #rulesBranch(name: string): string | undefined {
    const above = this.branches().filter(branch => name.startsWith(branch));
    return above.sort((a, b) => b.length - a.length)[0];
  }
}

function bucketOf(branch: string, key: string): string {
  return `${branch} ${key}`;
}

function isCreatedBefore(a: Queued, b: Queued): boolean {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs < b.createdAtMs;
  return a.arrival !== b.arrival ? a.arrival < b.arrival : a.position < b.position;
}
