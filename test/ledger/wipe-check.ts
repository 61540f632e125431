// Nothing that executes while the queue loses everything is started a second time (D1), by the ledger alone.

import type { Effect, EffectBegin } from './ledger.js';

export interface WipeFindings {
  /** Executions under way at a wipe, all wipes together. */
  readonly executing: number;
  /** Those whose work was begun again afterwards. */
  readonly startedTwice: readonly string[];
}

/** @param wipesMs when the queue lost what it had, by the clock of the ledger */
export function checkWipes(effects: readonly Effect[], wipesMs: readonly number[]): WipeFindings {
  const ends = new Map<string, number>();
  const begins = new Map<string, EffectBegin[]>();
  for (const effect of effects) {
    if (effect.kind === 'end') {
      ends.set(effect.execution, effect.atMs);
      continue;
    }
    const work = workOf(effect);
    const same = begins.get(work);
    if (same === undefined) begins.set(work, [effect]);
    else same.push(effect);
  }
  let executing = 0;
  const startedTwice: string[] = [];
  for (const [work, same] of begins) {
    for (const wipeMs of wipesMs) {
      const underWay = same.filter(
        ({ execution, atMs }) => atMs < wipeMs && (ends.get(execution) ?? Number.POSITIVE_INFINITY) > wipeMs,
      );
      executing += underWay.length;
      if (underWay.length > 0 && same.some(({ atMs }) => atMs >= wipeMs)) startedTwice.push(work);
    }
  }
  return { executing, startedTwice };
}

function workOf({ instance, action, attempt, idempotencyKey }: EffectBegin): string {
  return `${instance} ${action}, attempt ${attempt}, key ${idempotencyKey}`;
}
