// Planted violations in the audit: events dropped, doubled, swapped, invented.

import type { AuditEvent, ViolationKind } from './checker.js';
import { choose, instancesIn, type Mutant } from './mutants.js';
import type { BuiltWorld } from './world.js';

const illegal: readonly ViolationKind[] = ['audit-gap', 'committed-twice', 'state-mismatch', 'too-many-attempts'];
/** Legal in many places, or their absence is. */
const optional = new Set(['DeferringExecutionFlow']);

/** Replaces an instance's audit; `seq` and times are dealt out anew, so that only the order tells. */
function withAudit(world: BuiltWorld, instance: string, events: readonly AuditEvent[]): BuiltWorld {
  const renumbered = events.map((event, i) => ({ ...event, seq: i + 1, atMs: 1_000 + i }));
  return { ...world, audit: new Map(world.audit).set(instance, renumbered) };
}

/** An event of a settled instance whose presence is demanded, with its index. */
function demandedEvent(world: BuiltWorld, pick: number, wants: (event: AuditEvent) => boolean = () => true) {
  const places = instancesIn(world, ['finished', 'failed']).flatMap(instance =>
    world.audit.get(instance)!.flatMap((event, index) => {
      const hasEffect = world.workflows
        .get(world.history.get(instance)!.workflow)
        ?.actions.get(event.action ?? '')?.hasEffect;
      const isDemanded = !optional.has(event.event) && !world.lost.has(event) && (event.action === null || hasEffect);
      return isDemanded && wants(event) ? [{ instance, index, event }] : [];
    }),
  );
  return choose(places, pick);
}

export const auditMutants: Record<string, Mutant> = {
  'an event is dropped': (world, pick) => {
    const place = demandedEvent(world, pick);
    if (place === undefined) return null;
    const events = world.audit.get(place.instance)!.filter((_, i) => i !== place.index);
    // Without a transaction's only failure or first visit, what remains may read as begun work that was lost.
    const expected = [...illegal, 'too-many-losses', 'failed-early', 'effect-without-audit'] as const;
    return { world: withAudit(world, place.instance, events), instance: place.instance, expected };
  },
  'a row is there twice': (world, pick) => {
    const [instance, events] =
      choose(
        [...world.audit].filter(([, all]) => all.length > 0),
        pick,
      ) ?? [];
    if (instance === undefined || events === undefined) return null;
    const twice = events.flatMap((event, i) => (i === pick % events.length ? [event, event] : [event]));
    return {
      world: { ...world, audit: new Map(world.audit).set(instance, twice) },
      instance,
      expected: ['audit-order'],
    };
  },
  'two events are swapped': (world, pick) => {
    const place = demandedEvent(world, pick, event => event.event !== 'StartingExecutionFlow');
    if (place === undefined) return null;
    const events = [...world.audit.get(place.instance)!];
    const before = events[place.index - 1]!;
    if (optional.has(before.event) || world.lost.has(before)) return null;
    [events[place.index - 1], events[place.index]] = [place.event, before];
    const expected = [...illegal, 'failed-early', 'too-many-losses'] as const;
    return { world: withAudit(world, place.instance, events), instance: place.instance, expected };
  },
  'an event is invented': (world, pick) => {
    const instance = choose(instancesIn(world, ['finished', 'failed']), pick);
    if (instance === undefined) return null;
    const known = [
      'StartingExecutionFlow',
      'ExitingAction',
      'ExitingActionOnError',
      'FinishingFlowChart',
      'EnteringAction',
    ];
    const event = choose(known, pick)!;
    const invented = { event, action: event.includes('Action') ? 'elsewhere' : null, atMs: 0, attempt: null, seq: 0 };
    const events = [...world.audit.get(instance)!];
    const index = 1 + (pick % events.length);
    // After begun work that was lost, the flow may well be told to start again.
    if (world.lost.has(events[index - 1]!)) return null;
    events.splice(index, 0, invented);
    return { world: withAudit(world, instance, events), instance, expected: illegal };
  },
  'a transaction is committed twice': (world, pick) => {
    const exits = new Set(['ExitingAction']);
    const place = demandedEvent(world, pick, event => exits.has(event.event));
    if (place === undefined) return null;
    const all = world.audit.get(place.instance)!;
    const { actions } = world.workflows.get(world.history.get(place.instance)!.workflow)!;
    const next = actions.get(place.event.action!)!.next[0];
    if (next !== undefined && !actions.get(next)!.isBreak) return null; // not the last action of its transaction
    const isStart = (event: AuditEvent): boolean =>
      event.event === 'EnteringAction' && (event.action === 'a0' || actions.get(event.action ?? '')!.isBreak);
    const from = all.findLastIndex((event, i) => i < place.index && isStart(event));
    const events = [
      ...all.slice(0, place.index + 1),
      ...all.slice(from, place.index + 1),
      ...all.slice(place.index + 1),
    ];
    return { world: withAudit(world, place.instance, events), instance: place.instance, expected: ['committed-twice'] };
  },
  'an exit or an end is told twice': (world, pick) => {
    const told = new Set(['ExitingAction', 'FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartRemoved']);
    const place = demandedEvent(world, pick, event => told.has(event.event));
    if (place === undefined) return null;
    const events = world.audit
      .get(place.instance)!
      .flatMap((event, i) => (i === place.index ? [event, event] : [event]));
    return { world: withAudit(world, place.instance, events), instance: place.instance, expected: ['committed-twice'] };
  },
  'an audit belongs to nobody': world => {
    const events = [...world.audit.values()][0]!;
    return { world: { ...world, audit: new Map(world.audit).set('zz', events) }, instance: 'zz', expected: ['orphan'] };
  },
  'time runs backwards': (world, pick) => {
    const [instance, events] =
      choose(
        [...world.audit].filter(([, all]) => all.length > 1),
        pick,
      ) ?? [];
    if (instance === undefined || events === undefined) return null;
    const index = 1 + (pick % (events.length - 1));
    const spoilt = events.map((event, i) => (i === index ? { ...event, atMs: 0 } : event));
    return {
      world: { ...world, audit: new Map(world.audit).set(instance, spoilt) },
      instance,
      expected: ['audit-time'],
    };
  },
  'an attempt is skipped': (world, pick) => {
    const place = demandedEvent(world, pick, event => event.attempt !== null);
    if (place === undefined) return null;
    const events = world.audit
      .get(place.instance)!
      .map((event, i) => (i === place.index ? { ...event, attempt: event.attempt! + 1 } : event));
    return { world: withAudit(world, place.instance, events), instance: place.instance, expected: ['audit-gap'] };
  },
};
