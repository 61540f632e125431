// Contexts that wait where a signal is monitored that is not active, and that nothing in their commit raises: they wait as any
// other does. Only the signals of the instance can tell.

import { raisedBy } from '../../flow/shared/signals.js';
import type { SharedState } from '../../flow/shared/state.js';
import type { Next } from '../../flow/transition.js';
import type { Plan } from '../../workflow/plan.js';
import type { CommitItem } from '../commit/commit-builder.js';
import type { GatheredInstance, Occurrence, PlainItem } from './gathered.js';
import { TakenOut } from './taken-out.js';

export class Unsignalled {
  readonly #plan: (workflow: number) => Plan;
  readonly #found = new TakenOut();

  constructor(plan: (workflow: number) => Plan) {
    this.#plan = plan;
  }

  /** @returns whether there were any */
  takeFrom({ occurrences }: GatheredInstance, { signals = [] }: SharedState): boolean {
    if (!occurrences.some(isWaiting)) return false;
    const happenings = occurrences.map(({ happening }) => happening);
    const active = new Set([...signals, ...raisedBy(happenings, this.#plan)]);
    const kept = occurrences.filter(occurrence => {
      const { workflow, place } = occurrence.happening;
      const { monitors = [] } = this.#plan(workflow).actions[place]!;
      return !isWaiting(occurrence) || monitors.some(({ signal }) => active.has(signal));
    });
    const hasFound = kept.length < occurrences.length;
    this.#found.take(occurrences, kept);
    return hasFound;
  }

  /** What was taken out, as items that are decided by themselves. */
  items(decide: (item: CommitItem) => Next): PlainItem[] {
    return this.#found.items(item => item, decide);
  }
}

function isWaiting({ happening }: Occurrence): boolean {
  return happening.what.kind === 'waits';
}
