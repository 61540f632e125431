// Planted violations in the effect ledger: executions that are missing, doubled or invented, and wrong keys.

import type { Effect, EffectBegin } from './ledger.js';
import { choose, instancesIn, type Mutant } from './mutants.js';
import type { BuiltWorld } from './world.js';

/** Begins whose attempt is told in the audit as left with `ExitingAction`, in settled instances. */
function committedBegins(world: BuiltWorld): EffectBegin[] {
  return world.effects.filter((effect): effect is EffectBegin => {
    if (effect.kind !== 'begin' || !['finished', 'failed'].includes(world.history.get(effect.instance)!.state))
      return false;
    return world.audit
      .get(effect.instance)!
      .some(
        ({ event, action, attempt }) =>
          event === 'ExitingAction' && action === effect.action && attempt === effect.attempt,
      );
  });
}

function withEffects(world: BuiltWorld, change: (effect: Effect) => readonly Effect[]): BuiltWorld {
  return { ...world, effects: world.effects.flatMap(change) };
}

const sameAttempt = (a: EffectBegin, b: EffectBegin): boolean =>
  a.instance === b.instance &&
  a.action === b.action &&
  a.attempt === b.attempt &&
  a.idempotencyKey === b.idempotencyKey;

export const effectMutants: Record<string, Mutant> = {
  'a committed action left no effect': (world, pick) => {
    const chosen = choose(committedBegins(world), pick);
    if (chosen === undefined) return null;
    const gone = new Set(
      world.effects.flatMap(e => (e.kind === 'begin' && sameAttempt(e, chosen) ? [e.execution] : [])),
    );
    const spoilt = withEffects(world, effect => (gone.has(effect.execution) ? [] : [effect]));
    return { world: spoilt, instance: chosen.instance, expected: ['no-effect'] };
  },
  'a committed action never ended': (world, pick) => {
    const chosen = choose(committedBegins(world), pick);
    if (chosen === undefined) return null;
    const cut = new Set(
      world.effects.flatMap(e => (e.kind === 'begin' && sameAttempt(e, chosen) ? [e.execution] : [])),
    );
    const spoilt = withEffects(world, effect => (effect.kind === 'end' && cut.has(effect.execution) ? [] : [effect]));
    return { world: spoilt, instance: chosen.instance, expected: ['no-effect'] };
  },
  'an end without its begin': (world, pick) => {
    const chosen = choose(
      world.effects.filter(effect => effect.kind === 'end'),
      pick,
    );
    if (chosen === undefined) return null;
    const drops = (effect: Effect): boolean => effect.kind === 'begin' && effect.execution === chosen.execution;
    const spoilt = withEffects(world, effect => (drops(effect) ? [] : [effect]));
    return { world: spoilt, instance: chosen.instance, expected: ['effect-without-begin'] };
  },
  'an action executes twice in one process': (world, pick) => {
    const chosen = choose(
      world.effects.filter(effect => effect.kind === 'begin'),
      pick,
    );
    if (chosen === undefined) return null;
    const again = { ...chosen, execution: 'again' };
    const spoilt = withEffects(world, effect => (effect === chosen ? [effect, again] : [effect]));
    return { world: spoilt, instance: chosen.instance, expected: ['too-many-executions'] };
  },
  'an action executes more often than there were kills': (world, pick) => {
    const chosen = choose(
      world.effects.filter(effect => effect.kind === 'begin'),
      pick,
    );
    if (chosen === undefined) return null;
    const again = Array.from({ length: world.kills + 1 }, (_, i) => ({
      ...chosen,
      execution: `again${i}`,
      pid: 900 + i,
    }));
    const spoilt = withEffects(world, effect => (effect === chosen ? [effect, ...again] : [effect]));
    return { world: spoilt, instance: chosen.instance, expected: ['too-many-executions'] };
  },
  'an effect of an action the audit does not know': (world, pick) => {
    const chosen = choose(committedBegins(world), pick);
    if (chosen === undefined) return null;
    const invented = {
      ...chosen,
      execution: 'invented',
      action: 'elsewhere',
      idempotencyKey: pick % 2 ? chosen.idempotencyKey : 'zz',
    };
    const spoilt = withEffects(world, effect => (effect === chosen ? [effect, invented] : [effect]));
    return { world: spoilt, instance: chosen.instance, expected: ['effect-without-audit'] };
  },
  'an effect of an attempt the audit does not know': (world, pick) => {
    const chosen = choose(committedBegins(world), pick);
    if (chosen === undefined) return null;
    const invented = { ...chosen, execution: 'invented', attempt: 77 };
    const spoilt = withEffects(world, effect => (effect === chosen ? [effect, invented] : [effect]));
    return { world: spoilt, instance: chosen.instance, expected: ['effect-without-audit'] };
  },
  'an effect of nobody': world => {
    const [effect] = world.effects;
    if (effect === undefined) return null;
    return {
      world: { ...world, effects: [...world.effects, { ...effect, instance: 'zz' }] },
      instance: 'zz',
      expected: ['orphan'],
    };
  },
  'the key changes when a transaction is executed again': (world, pick) => {
    const begins = world.effects.filter((effect): effect is EffectBegin => effect.kind === 'begin');
    const settled = new Set(instancesIn(world, ['finished', 'failed']));
    const later = begins.filter((effect, i) => {
      const first = begins.findIndex(e => e.idempotencyKey === effect.idempotencyKey);
      return first < i && settled.has(effect.instance);
    });
    const chosen = choose(later, pick);
    if (chosen === undefined) return null;
    const from = world.effects.indexOf(chosen);
    const effects = world.effects.map((effect, i) =>
      i >= from && effect.kind === 'begin' && effect.idempotencyKey === chosen.idempotencyKey
        ? { ...effect, idempotencyKey: 'changed' }
        : effect,
    );
    return { world: { ...world, effects }, instance: chosen.instance, expected: ['key-changed'] };
  },
  'two transactions share a key': (world, pick) => {
    const pairs = [...instancesIn(world, ['finished', 'failed'])].flatMap(instance => {
      const own = world.effects.flatMap(e => (e.kind === 'begin' && e.instance === instance ? [e.idempotencyKey] : []));
      const keys = [...new Set(own)];
      return keys.slice(1).map((key, i) => ({ instance, key, before: keys[i]! }));
    });
    const chosen = choose(pairs, pick);
    if (chosen === undefined) return null;
    const spoilt = withEffects(world, effect =>
      effect.kind === 'begin' && effect.idempotencyKey === chosen.key
        ? [{ ...effect, idempotencyKey: chosen.before }]
        : [effect],
    );
    return { world: spoilt, instance: chosen.instance, expected: ['key-reused'] };
  },
  'two instances share a key': (world, pick) => {
    const begins = world.effects.filter((effect): effect is EffectBegin => effect.kind === 'begin');
    const [first] = begins;
    const chosen = choose(
      begins.filter(effect => effect.instance !== first?.instance),
      pick,
    );
    if (first === undefined || chosen === undefined) return null;
    const spoilt = withEffects(world, effect =>
      effect.kind === 'begin' && effect.idempotencyKey === chosen.idempotencyKey
        ? [{ ...effect, idempotencyKey: first.idempotencyKey }]
        : [effect],
    );
    return { world: spoilt, instance: chosen.instance, expected: ['key-shared'] };
  },
};
