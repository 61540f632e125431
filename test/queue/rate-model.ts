// What rates let be claimed, of branches or of keys, as a model: parts of tokens in numbers without end, filled anew whenever somebody asks.

import type { Rate } from '../../src/queue/contract.js';

interface Tokens {
  readonly rate: Rate;
  /** Of which `perMs` are a token. */
  parts: bigint;
  atMs: number;
}

/** What is released of a claim in one call. */
export interface Release {
  /** Since it was claimed. */
  readonly heldMs: number;
  /** Of each name, tokens that may have come again since, less those given back already. */
  readonly comeAgain: Map<string, number>;
}

export class RateModel {
  readonly #byBranch = new Map<string, Tokens>();

  names(): string[] {
    return [...this.#byBranch.keys()];
  }

  /** What has no tokens of its own has as many as another by now. */
  beginAs(name: string, other: string): void {
    const tokens = this.#byBranch.get(other);
    if (tokens !== undefined && !this.#byBranch.has(name)) this.#byBranch.set(name, { ...tokens });
  }

  set(branch: string, rate: Rate | null, nowMs: number): void {
    const before = this.#byBranch.get(branch);
    if (rate === null) this.#byBranch.delete(branch);
    else if (before === undefined) this.#byBranch.set(branch, { rate, parts: 0n, atMs: nowMs });
    else {
      fill(before, nowMs);
      const parts = (before.parts * BigInt(rate.perMs)) / BigInt(before.rate.perMs);
      this.#byBranch.set(branch, { rate, parts: least(parts, most(rate)), atMs: nowMs });
    }
  }

  /** Whole tokens that each of these branches that has a rate has left. */
  tokens(path: readonly string[], nowMs: number): number {
    const left = path.map(branch => {
      const tokens = this.#byBranch.get(branch);
      if (tokens === undefined) return Number.POSITIVE_INFINITY;
      fill(tokens, nowMs);
      return Number(tokens.parts / BigInt(tokens.rate.perMs));
    });
    return Math.min(...left);
  }

  /** A member on a path is claimed. */
  take(path: readonly string[]): void {
    for (const branch of path) {
      const tokens = this.#byBranch.get(branch);
      if (tokens !== undefined) tokens.parts -= BigInt(tokens.rate.perMs);
    }
  }

  /** A member on a path is given back. */
  giveBack(path: readonly string[], { heldMs, comeAgain }: Release): void {
    for (const branch of path) {
      const tokens = this.#byBranch.get(branch);
      if (tokens === undefined) continue;
      const { members, perMs } = tokens.rate;
      const come = comeAgain.get(branch) ?? Math.ceil((heldMs * members) / perMs);
      comeAgain.set(branch, Math.max(0, come - 1));
      if (come === 0) tokens.parts = least(tokens.parts + BigInt(perMs), most(tokens.rate));
    }
  }

  /** Until the first of these that has no token has one. */
  nextTokenInMs(names: readonly string[], nowMs: number): number | null {
    let first: number | null = null;
    for (const branch of names) {
      const inMs = this.emptyForMs(branch, nowMs);
      if (inMs !== null) first = Math.min(first ?? inMs, inMs);
    }
    return first;
  }

  /** Until a branch that has no token has one; `null`: it has, or has no rate. */
  emptyForMs(branch: string, nowMs: number): number | null {
    const tokens = this.#byBranch.get(branch);
    if (tokens === undefined) return null;
    fill(tokens, nowMs);
    const { members, perMs } = tokens.rate;
    if (tokens.parts >= BigInt(perMs)) return null;
    let inMs = 1;
    while (tokens.parts + BigInt(members) * BigInt(inMs) < BigInt(perMs)) inMs += 1;
    return inMs;
  }
}

function fill(tokens: Tokens, nowMs: number): void {
  tokens.parts = least(tokens.parts + BigInt(tokens.rate.members) * BigInt(nowMs - tokens.atMs), most(tokens.rate));
  tokens.atMs = nowMs;
}

function most({ burst, perMs }: Rate): bigint {
  return BigInt(burst) * BigInt(perMs);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
