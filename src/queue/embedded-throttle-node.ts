// A branch with a throttle, as the embedded queue has it: what is held below it, and what it shows of what waits below it.

import type { FairnessWindow, Throttle } from './contract.js';
import { type Entry, entryBefore } from './embedded-entry.js';
import { ByWindow, type Head, Heads } from './embedded-heads.js';
import { Tokens } from './embedded-rates.js';

/** Viewer of what is shown to all. Engines have names. */
export const everybody = '';

export const unlimited: Throttle = { perEngine: null, clusterWide: null, rate: null };

/** The first head below a node, in the heads of its parent. */
interface Face extends Head {
  rank: number;
  first: Entry;
}

export class ThrottleNode {
  throttle: Throttle = unlimited;
  /** Members held below it, while it has a limit for all engines, and by engine, while it has one for each. */
  #running = 0;
  readonly #runningBy = new Map<string, number>();
  /** While it has a rate. */
  tokens: Tokens | null = null;
  readonly children = new Set<ThrottleNode>();
  /** It shows a face to each engine, not the same to all (T3 in `embedded-throttles.ts`). */
  showsByEngine = false;
  readonly common = new Heads();
  /** By viewer. */
  readonly #heads = new Map<string, Heads>();
  /** What it shows to everybody, or to a viewer. */
  readonly #commonFaces = new ByWindow<Face>();
  readonly #faces = new Map<string, ByWindow<Face>>();

  constructor(
    readonly branch: string,
    /** `null` for the root alone. */
    public parent: ThrottleNode | null,
  ) {}

  /** More members that an engine may claim. */
  room(engine: string): number {
    const { perEngine, clusterWide } = this.throttle;
    let room = Number.POSITIVE_INFINITY;
    if (clusterWide !== null) room = clusterWide - this.#running;
    if (perEngine !== null) room = Math.min(room, perEngine - (this.#runningBy.get(engine) ?? 0));
    if (this.tokens !== null) room = Math.min(room, this.tokens.count);
    return room;
  }

  /** Change its limits. @param held members below it, by engine @param rateMs the time of tokens */
  limit(throttle: Throttle, held: ReadonlyMap<string, number>, rateMs: number): void {
    this.throttle = throttle;
    if (throttle.rate === null) this.tokens = null;
    else if (this.tokens === null) this.tokens = new Tokens(this, throttle.rate, rateMs);
    else this.tokens.change(throttle.rate, rateMs);
    this.#running = 0;
    this.#runningBy.clear();
    for (const [engine, members] of held) this.count(engine, members, 0);
  }

  /** It remembers what was claimed, and must stay though nothing waits or is held below it. @param rateMs the time of tokens */
  hasDebt(rateMs: number): boolean {
    return this.tokens !== null && this.tokens.fullAtMs > rateMs;
  }

  /**
   * An engine holds more members below it. True when it has room no more, or again, for that engine or for all.
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
      const before = this.#runningBy.get(engine) ?? 0;
      const running = before + members;
      isOther ||= before < perEngine !== running < perEngine;
      if (running === 0) this.#runningBy.delete(engine);
      else this.#runningBy.set(engine, running);
    }
    return isOther;
  }

  /** Heads that are the same for everybody, or an engine's. */
  headsFor(viewer: string): Heads {
    if (viewer === everybody) return this.common;
    let heads = this.#heads.get(viewer);
    if (heads === undefined) {
      heads = new Heads();
      this.#heads.set(viewer, heads);
    }
    return heads;
  }

  firstNow(engine: string, nowMs: number): Head | undefined {
    return this.common.firstNow(this.#heads.get(engine), nowMs);
  }

  /** What the parent is to show of it. */
  #firstFor(viewer: string, window: FairnessWindow): Head | undefined {
    if (this.room(viewer) <= 0) return undefined;
    const common = this.common.first(window);
    const own = viewer === everybody ? undefined : this.#heads.get(viewer)?.first(window);
    if (common === undefined || own === undefined) return common ?? own;
    if (common.rank !== own.rank) return common.rank < own.rank ? common : own;
    return entryBefore(common.first, own.first) ? common : own;
  }

  /** Bring its face up to date; true when the parent shows something else now. */
  show(viewer: string, window: FairnessWindow): boolean {
    const head = this.#firstFor(viewer, window);
    const faces = this.#facesFor(viewer);
    const face = faces.get(window);
    const heads = this.parent!.headsFor(viewer);
    if (head === undefined) {
      if (face === undefined) return false;
      heads.remove(face, window);
      faces.delete(window);
      return true;
    }
    const { rank, first } = head;
    if (face === undefined) {
      const made: Face = { rank, first, heapIndex: -1 };
      faces.set(window, made);
      heads.put(made, window);
      return true;
    }
    if (face.rank === rank && face.first === first) return false;
    face.rank = rank;
    face.first = first;
    heads.moved(face, window);
    return true;
  }

  /** Show nothing to a viewer. */
  hideFrom(viewer: string): void {
    const faces = this.#facesFor(viewer);
    for (const [window, face] of [...faces.entries()]) {
      this.parent!.headsFor(viewer).remove(face, window);
      faces.delete(window);
    }
    this.#faces.delete(viewer);
  }

  hide(): void {
    for (const viewer of [everybody, ...this.#faces.keys()]) this.hideFrom(viewer);
  }

  /** Keep nothing for an engine: no node below shows it anything. */
  forget(engine: string): void {
    this.#heads.delete(engine);
  }

  #facesFor(viewer: string): ByWindow<Face> {
    if (viewer === everybody) return this.#commonFaces;
    let faces = this.#faces.get(viewer);
    if (faces === undefined) {
      faces = new ByWindow();
      this.#faces.set(viewer, faces);
    }
    return faces;
  }
}
