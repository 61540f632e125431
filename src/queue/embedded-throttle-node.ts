// A node of the embedded queue's tree: a branch with a throttle or rules for keys, or what a key has there; how much may be
// claimed below it, and what it shows of what waits below it.

import type { FairnessWindow } from './contract.js';
import { entryBefore } from './embedded-entry.js';
import { Gate } from './embedded-gate.js';
import { type Head, Heads } from './embedded-heads.js';
import type { Key } from './embedded-key.js';

export class ThrottleNode {
  /** Of a key one for all its nodes. */
  readonly gate: Gate;
  /** Nodes hung at it; `null`: there are none. A key's has none, nearly always, and there may be as many as keys. */
  children: Set<ThrottleNode> | null = null;
  /** It is a branch with weights: how far keys are in their shares is nothing to what is not below it. */
  hidesTags = false;
  /** Lanes hung at it. */
  laneCount = 0;
  /** One for each window that something below it has, by `next`; nearly always one in all. */
  heads: Heads | null = null;

  constructor(
    readonly branch: string,
    /** `null` for the root alone. */
    public parent: ThrottleNode | null,
    /** Whose node it is; `null`: the branch's own. */
    readonly key: Key | null,
  ) {
    this.gate = key === null ? new Gate() : key.gate;
  }

  /** At it or below. */
  get hasLanes(): boolean {
    if (this.laneCount > 0) return true;
    for (const child of this.children ?? []) if (child.hasLanes) return true;
    return false;
  }

  hang(child: ThrottleNode): void {
    this.children ??= new Set();
    this.children.add(child);
  }

  unhang(child: ThrottleNode): void {
    this.children!.delete(child);
    if (this.children!.size === 0) this.children = null;
  }

  /** Those of a window, made if need be. */
  headsOf(window: FairnessWindow): Heads {
    for (let at = this.heads; at !== null; at = at.next) if (at.window === window) return at;
    const made = new Heads(this, window);
    made.next = this.heads;
    this.heads = made;
    // Those of windows that have gone have waited for this.
    for (let at = made; at.next !== null; ) {
      if (at.next.size === 0 && at.next.heapIndex === -1) at.next = at.next.next;
      else at = at.next;
    }
    return made;
  }

  /** The first of all windows. */
  firstNow(nowMs: number): Head | undefined {
    let first: Head | undefined;
    let priority = Number.POSITIVE_INFINITY;
    for (let at = this.heads; at !== null; at = at.next) {
      const head = at.first;
      if (head === undefined) continue;
      const its = at.effective(head, nowMs);
      if (first !== undefined && (its > priority || (its === priority && !entryBefore(head.entry, first.entry)))) {
        continue;
      }
      first = head;
      priority = its;
    }
    return first;
  }

  /** How far a head of its is in its share, as told to its parent. */
  tagOf(head: Head): number {
    if (this.key !== null) return this.key.tag;
    return this.hidesTags ? 0 : head.tag;
  }

  /** Show nothing; the caller has the parent show what it has now. */
  hide(): void {
    for (let at = this.heads; at !== null; at = at.next) at.hide();
  }
}
