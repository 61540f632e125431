// How much of something may be claimed: the limits of a throttle, and what is held against them.

import type { Throttle } from './contract.js';
import type { Tokens } from './embedded-rates.js';
import type { Shortage } from './whereabouts.js';

export const unlimited: Throttle = { perEngine: null, clusterWide: null, rate: null };

export class Gate {
  throttle: Throttle = unlimited;
  /** While it has a rate. */
  tokens: Tokens | null = null;
  /** Members held, while there is a limit for all engines, and by engine, while there is one for each. */
  #running = 0;
  #runningBy: Map<string, number> | null = null;

  /** More members that an engine may claim. */
  room(engine: string): number {
    const { perEngine, clusterWide } = this.throttle;
    let room = Number.POSITIVE_INFINITY;
    if (clusterWide !== null) room = clusterWide - this.#running;
    if (perEngine !== null) room = Math.min(room, perEngine - (this.#runningBy?.get(engine) ?? 0));
    if (this.tokens !== null) room = Math.min(room, this.tokens.count);
    return room;
  }

  /** Its limits that are reached. @param key whose they are below the branch @param rateMs the time of tokens */
  shortages(branch: string, key: string | null, rateMs: number): Shortage[] {
    const { perEngine, clusterWide, rate } = this.throttle;
    const found: Shortage[] = [];
    if (clusterWide !== null && this.#running >= clusterWide) {
      found.push({ kind: 'clusterWide', branch, key, limit: clusterWide, running: this.#running });
    }
    if (perEngine !== null) {
      const engines = [...this.#runningBy!]
        .flatMap(([engine, members]) => (members >= perEngine ? [engine] : []))
        .sort();
      if (engines.length > 0 || perEngine === 0) found.push({ kind: 'perEngine', branch, limit: perEngine, engines });
    }
    if (this.tokens !== null && rate !== null) {
      this.tokens.look(rateMs);
      const { count, nextAtMs } = this.tokens;
      if (count <= 0) found.push({ kind: 'rate', branch, key, rate, nextInMs: nextAtMs - rateMs });
    }
    return found;
  }

  /** Change its limits, but for the tokens. @param held members, by engine */
  limit(throttle: Throttle, held: ReadonlyMap<string, number>): void {
    this.throttle = throttle;
    this.#running = 0;
    this.#runningBy = throttle.perEngine === null ? null : new Map();
    for (const [engine, members] of held) this.count(engine, members, 0);
  }

  /**
   * An engine holds more members. True when there is room no more, or again, for that engine or for all.
   *
   * @param tokens what that takes, or gives back (negative), of its rate
   */
  count(engine: string, members: number, tokens: number): boolean {
    const { perEngine, clusterWide } = this.throttle;
    let isOther = false;
    if (this.tokens !== null && tokens !== 0) {
      const before = this.tokens.count;
      this.tokens.take(tokens);
      isOther = before > 0 !== this.tokens.count > 0;
    }
    if (clusterWide !== null) {
      isOther ||= this.#running < clusterWide !== this.#running + members < clusterWide;
      this.#running += members;
    }
    if (perEngine !== null) {
      const before = this.#runningBy!.get(engine) ?? 0;
      const running = before + members;
      isOther ||= before < perEngine !== running < perEngine;
      if (running === 0) this.#runningBy!.delete(engine);
      else this.#runningBy!.set(engine, running);
    }
    return isOther;
  }
}
