// Planted violations: each mutant spoils a correct world in one place and names the violations that would be right.
// Here: those of submit log and history. The others stand in audit-mutants.ts and effect-mutants.ts.

import type { HistoryEntry, ViolationKind } from './checker.js';
import type { BuiltWorld } from './world.js';

/** What a mutant did: a change to the world, the instance it concerns, and the verdicts that are right. */
export interface Planted {
  readonly world: BuiltWorld;
  readonly instance: string;
  readonly expected: readonly ViolationKind[];
  /** Other instances are concerned too. */
  readonly spills?: boolean;
}

/** `pick` is any natural number; answers `null` when the world has no place for this mutant. */
export type Mutant = (world: BuiltWorld, pick: number) => Planted | null;

/** One of `from`, or none when there is none. */
export function choose<T>(from: readonly T[], pick: number): T | undefined {
  return from[pick % Math.max(1, from.length)];
}

export function instancesIn(world: BuiltWorld, states: readonly HistoryEntry['state'][]): string[] {
  return [...world.history].filter(([, entry]) => states.includes(entry.state)).map(([instance]) => instance);
}

function withHistory(world: BuiltWorld, instance: string, entry: HistoryEntry | null): BuiltWorld {
  const history = new Map(world.history);
  if (entry === null) history.delete(instance);
  else history.set(instance, entry);
  return { ...world, history };
}

export const historyMutants: Record<string, Mutant> = {
  'an acknowledged instance is lost': (world, pick) => {
    const acked = choose(world.submitted.acked, pick);
    if (acked === undefined) return null;
    return { world: withHistory(world, acked.instance, null), instance: acked.instance, expected: ['missing'] };
  },
  'an instance appears twice': (world, pick) => {
    const [instance, entry] = choose([...world.history], pick)!;
    return { world: withHistory(world, instance, { ...entry, times: 2 }), instance, expected: ['ended-twice'] };
  },
  'an id is acknowledged twice': (world, pick) => {
    const acked = choose(world.submitted.acked, pick);
    if (acked === undefined) return null;
    const submitted = { ...world.submitted, acked: [...world.submitted.acked, acked] };
    return { world: { ...world, submitted }, instance: acked.instance, expected: ['acknowledged-twice'] };
  },
  'an instance nobody sent': (world, pick) => {
    const [original, entry] = choose([...world.history], pick)!;
    const audit = new Map(world.audit).set('zz', world.audit.get(original)!);
    const spoilt = { ...withHistory(world, 'zz', entry), audit };
    return { world: spoilt, instance: 'zz', expected: ['invented-instance'] };
  },
  'an instance is still open at the end': (world, pick) => {
    const instance = choose(instancesIn(world, ['open']), pick);
    if (instance === undefined) return null;
    return { world: { ...world, everythingEnded: true }, instance, expected: ['not-ended'], spills: true };
  },
  'an instance ends in another state': (world, pick) => {
    const [instance, entry] = choose([...world.history], pick)!;
    const states = (['finished', 'removed', 'failed'] as const).filter(state => state !== entry.state);
    const spoilt = withHistory(world, instance, { ...entry, state: choose(states, pick)! });
    return { world: spoilt, instance, expected: ['state-mismatch', 'audit-gap', 'failed-early'] };
  },
  'a committed variable is lost': (world, pick) => {
    const withTrail = [...world.history].filter(([, entry]) => (entry.trail?.length ?? 0) > 0);
    const chosen = choose(withTrail, pick);
    if (chosen === undefined) return null;
    const [instance, entry] = chosen;
    const trail = entry.trail!.slice(1);
    return { world: withHistory(world, instance, { ...entry, trail }), instance, expected: ['wrong-trail'] };
  },
};
