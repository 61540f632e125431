// Why an instance does not run: what the store, the queue and this engine know of it is read here, and decided on in
// `decide.ts`. Reads only.
//
// It is read one after the other and so not of one moment: what moves meanwhile is told as it was met.

import type { SharedState } from '../../flow/shared/state.js';
import { keptState } from '../../flow/shared/text.js';
import { EngineError } from '../../observe/errors.js';
import type { Whereabouts } from '../../queue/whereabouts.js';
import { type LocatedContext, request, type Segment } from '../../store/contract.js';
import { splitInstanceId } from '../../workflow/instance-id.js';
import { contextState } from '../context-states.js';
import type { Instances } from '../instances.js';
import { requestsAt } from '../member-requests.js';
import type { EngineParts } from '../parts.js';
import { partOf } from '../reporter.js';
import type { EngineState } from '../status.js';
import { whyOf } from './decide.js';
import type { ContextFacts, EngineFacts } from './facts.js';
import type { Why } from './reasons.js';
import { waitsOn } from './waits-on.js';

/** Flow contexts that are looked at; each is a question to the queue. */
const contextsMax = 100;

export interface WhyWorld {
  readonly parts: EngineParts;
  readonly instances: Instances;
  /** Other engines may work on the same store. */
  readonly isClustered: boolean;
  readonly state: () => EngineState;
}

/** @param text an id, `<workflow>/<id>`, or a given name @throws EngineError `INSTANCE_UNKNOWN` */
export async function why(text: string, world: WhyWorld): Promise<Why> {
  const { instances, parts } = world;
  const { store, definitions, clock } = parts;
  const instance = await instances.idOf(text);
  const located = instance === null ? null : await store.locate(instance);
  if (instance === null || located === null)
    throw new EngineError('INSTANCE_UNKNOWN', `no instance is named "${text}"`);
  const engines = await engineFacts(world);
  const none = { instance, atMs: clock.nowMs(), engines, contexts: [], contextCount: 0 };
  if (located.kind === 'left') {
    const { state, finishedAtMs, name } = located.outcome;
    return whyOf({ ...none, workflow: name, ended: { state, finishedAtMs } });
  }
  const { contexts } = located;
  const { root, ordinal } = splitInstanceId(instance)!;
  const hasSplit = contexts[0]!.segment.context > 0;
  const [shared] = hasSplit ? await store.shared([{ root, ordinal }]) : [];
  await definitions.ensure(contexts.map(({ segment }) => segment.workflow));
  const machine = shared === undefined ? null : keptState(shared.state).machine;
  const looked = firstOf(contexts);
  const pausedBy = looked.some(each => contextState(each) === 'paused' || isToPause(each))
    ? await pauserOf(root, ordinal, parts)
    : null;
  const told: ContextFacts[] = [];
  for (const each of looked) told.push({ ...(await contextFacts(each, machine, world)), pausedBy });
  const workflow = shared?.name ?? contexts[0]!.segment.name;
  return whyOf({ ...none, atMs: clock.nowMs(), workflow, ended: null, contexts: told, contextCount: contexts.length });
}

/** What can run, or has failed, before what waits for that. */
function firstOf(contexts: readonly LocatedContext[]): readonly LocatedContext[] {
  if (contexts.length <= contextsMax) return contexts;
  const isParked = ({ segment: { state } }: LocatedContext): boolean => state === 'joining' || state === 'waiting';
  return [...contexts.filter(each => !isParked(each)), ...contexts.filter(isParked)].slice(0, contextsMax);
}

function isToPause({ segment, position }: LocatedContext): boolean {
  return (requestsAt(segment, position) & request.pause) !== 0;
}

async function contextFacts(
  located: LocatedContext,
  machine: SharedState | null,
  { parts, instances }: WhyWorld,
): Promise<Omit<ContextFacts, 'pausedBy'>> {
  const { segment, position } = located;
  const { plan } = parts.definitions.byNumber(segment.workflow);
  const action = plan.actions[segment.place]!;
  const where = segment.state === 'ready' ? await whereIs(segment, position, parts) : { kind: 'absent' as const };
  const error = (await instances.errorOf(segment, position)) as { code?: unknown; message?: unknown } | null;
  return {
    context: segment.context,
    action: action.name,
    type: action.action.type,
    state: segment.state,
    requests: requestsAt(segment, position),
    attempt: segment.attempt + 1,
    eligibleAtMs: segment.eligibleAtMs,
    waitsFor: segment.waitsFor,
    error: error === null ? null : { code: String(error.code), message: firstLine(String(error.message)) },
    waitsOn: waitsOn(segment, plan, machine),
    where,
    executes: where?.kind === 'claimed' ? await executing(located, where.engine, parts) : null,
  };
}

async function whereIs(segment: Segment, position: number, { queue, log }: EngineParts): Promise<Whereabouts | null> {
  try {
    return await queue.whereIs(segment.id, position);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    log.queueTrouble(error);
    return null;
  }
}

/** Of what executes here the threads know; of the rest the audit, once it has executed for a moment, if that is recorded. */
async function executing(
  { segment, position }: LocatedContext,
  engine: string,
  parts: EngineParts,
): Promise<ContextFacts['executes']> {
  const { options, committer, dispatcher, store } = parts;
  if (engine === options.name) {
    for (const { batch, slot, place, startedAtMs } of dispatcher.executing()) {
      const found = partOf(committer.batches.get(batch)?.parts, slot);
      if (found?.part.held.segment.id !== segment.id || found.part.positions[found.member] !== position) continue;
      return { action: found.part.plan.actions[place]!.name, sinceMs: startedAtMs };
    }
  }
  const [row] = await store.query(
    `select action, at_ms from millrace_audit_event
     where root = $1::uuid and ordinal = $2::int and short_name = 'ExecutingAction'
     order by seq desc, group_no desc, step desc limit 1`,
    [segment.root, String(segment.ordinals[position])],
  );
  const [action, atMs] = row ?? [];
  // An older one is of a transaction before.
  if (action == null || Number(atMs) < segment.eligibleAtMs) return null;
  return { action, sinceMs: Number(atMs) };
}

/** Whoever paused it while it waited is in the audit, if that is kept; who paused it while it executed is not. */
async function pauserOf(root: string, ordinal: number, { store }: EngineParts): Promise<ContextFacts['pausedBy']> {
  const [row] = await store.query(
    `select (a.trace::jsonb)->(e.group_no::int - 1)->>'u', e.at_ms
     from millrace_audit_event e join millrace_audit a on a.root = e.root and a.seq = e.seq
     where e.root = $1::uuid and e.ordinal = $2::int and e.short_name = 'DeferringExecutionFlow' and e.message = 'paused'
     order by e.seq desc limit 1`,
    [root, String(ordinal)],
  );
  const [user, atMs] = row ?? [];
  return user == null ? null : { user, atMs: Number(atMs) };
}

async function engineFacts({ parts, isClustered, state }: WhyWorld): Promise<EngineFacts> {
  const { options, store, queue, health, committer, dispatcher } = parts;
  const engine = options.name;
  const own = state();
  const executes = own === 'started' || own === 'starting';
  const others = isClustered
    ? (await store.members.living()).flatMap(each => (each.aliveForMs > 0 ? [each.name] : []))
    : [];
  const began = dispatcher.executing().map(({ startedAtMs }) => startedAtMs);
  const { ready } = await queue.counts();
  return {
    engine,
    state: own,
    executing: [...new Set([...others.filter(name => name !== engine), ...(executes ? [engine] : [])])].sort(),
    isQueueOpen: queue.isOpen,
    storeFailure: health.storeFailure?.message ?? null,
    isBehind: committer.isBehind,
    threads: {
      count: options.threads,
      inHand: dispatcher.inFlight,
      isFull: executes && dispatcher.appetite() <= 0,
      longestSinceMs: began.length === 0 ? null : Math.min(...began),
    },
    ready: queue.isOpen ? ready : null,
  };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 500);
}
