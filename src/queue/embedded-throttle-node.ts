// A node of the embedded queue's tree: a branch with a throttle or rules for keys, or what a key has there; how much may be
// claimed below it, and what it shows of what waits below it.

import type { FairnessWindow } from './contract.js';
import type { Entry } from './embedded-entry.js';
import { Gate } from './embedded-gate.js';
import { ByWindow, firstOf, type Head, Heads } from './embedded-heads.js';
import type { Key } from './embedded-key.js';

/** Viewer of what is shown to all. Engines have names. */
export const everybody = '';

/** The first head below a node, in the heads of its parent. */
class Face implements Head {
  heapIndex = -1;
  constructor(
    public rank: number,
    public tag: number,
    public first: Entry,
  ) {}
}

export class ThrottleNode {
  /** Of a key one for all its nodes. */
  readonly gate: Gate;
  readonly children = new Set<ThrottleNode>();
  /** It shows a face to each engine, not the same to all (T3 in `embedded-throttles.ts`). */
  showsByEngine = false;
  /** It is a branch with weights: how far keys are in their shares is nothing to what is not below it. */
  hidesTags = false;
  /** Lanes hung at it. */
  laneCount = 0;
  readonly common = new Heads();
  /** By viewer. */
  #heads: Map<string, Heads> | null = null;
  /** What it shows to everybody, or to a viewer. */
  readonly #commonFaces = new ByWindow<Face>();
  #faces: Map<string, ByWindow<Face>> | null = null;

  constructor(
    readonly branch: string,
    /** `null` for the root alone. */
    public parent: ThrottleNode | null,
    /** Whose node it is; `null`: the branch's own. */
    readonly key: Key | null,
  ) {
    this.gate = key === null ? new Gate() : key.gate;
  }

  /** Whether it shows a head of its parent's to everybody. */
  isFace(head: Head, window: FairnessWindow): boolean {
    return this.#commonFaces.get(window) === head;
  }

  /** At it or below. */
  get hasLanes(): boolean {
    if (this.laneCount > 0) return true;
    for (const child of this.children) if (child.hasLanes) return true;
    return false;
  }

  /** Heads that are the same for everybody, or an engine's. */
  headsFor(viewer: string): Heads {
    if (viewer === everybody) return this.common;
    this.#heads ??= new Map();
    let heads = this.#heads.get(viewer);
    if (heads === undefined) {
      heads = new Heads();
      this.#heads.set(viewer, heads);
    }
    return heads;
  }

  firstNow(engine: string, nowMs: number): Head | undefined {
    return this.common.firstNow(this.#heads?.get(engine), nowMs);
  }

  /** What the parent is to show of it. */
  #firstFor(viewer: string, window: FairnessWindow): Head | undefined {
    if (this.gate.room(viewer) <= 0) return undefined;
    const own = viewer === everybody ? undefined : this.#heads?.get(viewer)?.first(window);
    return firstOf(this.common.first(window), own);
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
    const tag = this.key !== null ? this.key.tag : this.hidesTags ? 0 : head.tag;
    if (face === undefined) {
      const made = new Face(rank, tag, first);
      faces.set(window, made);
      heads.put(made, window);
      return true;
    }
    if (face.rank === rank && face.tag === tag && face.first === first) return false;
    face.rank = rank;
    face.tag = tag;
    face.first = first;
    heads.moved(face, window);
    return true;
  }

  /** Show nothing to a viewer. */
  hideFrom(viewer: string): void {
    const faces = this.#facesFor(viewer);
    for (const window of [...faces.windows()]) {
      this.parent!.headsFor(viewer).remove(faces.get(window)!, window);
      faces.delete(window);
    }
    this.#faces?.delete(viewer);
  }

  hide(): void {
    for (const viewer of [everybody, ...(this.#faces?.keys() ?? [])]) this.hideFrom(viewer);
  }

  /** Keep nothing for an engine: no node below shows it anything. */
  forget(engine: string): void {
    this.#heads?.delete(engine);
  }

  #facesFor(viewer: string): ByWindow<Face> {
    if (viewer === everybody) return this.#commonFaces;
    this.#faces ??= new Map();
    let faces = this.#faces.get(viewer);
    if (faces === undefined) {
      faces = new ByWindow();
      this.#faces.set(viewer, faces);
    }
    return faces;
  }
}
