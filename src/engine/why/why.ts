// Why an instance does not run: what the store, the queue and this engine know of it is read here, and decided on in
// `decide.ts`. Reads only.
//
// It is read one after the other and so not of one moment: what moves meanwhile is told as it was met.

import type { SharedState } from '../../flow/shared/state.js';
import { keptState } from '../../flow/shared/text.js';
import { EngineError } from '../../observe/errors.js';
import type { Whereabouts } from '../../queue/whereabouts.js';
import type { LocatedContext, Segment } from '../../store/contract.js';
import { splitInstanceId } from '../../workflow/instance-id.js';
import { errorAt } from '../commit/failures.js';
import { partOf } from '../commit/reporter.js';
import { requestsAt } from '../operations/member-requests.js';
import { awaitsRetry } from '../operations/operation-changes.js';
import type { EngineParts } from '../parts.js';
import { contextState } from '../reads/context-states.js';
import type { Instances } from '../reads/instances.js';
import { waitsForHandler } from '../shared/unhandled.js';
import type { EngineState } from '../status.js';
import { whyOf } from './decide.js';
import type { ContextFacts, EngineFacts } from './facts.js';
import { Lately, lastError, lastExecuting, lastPauser } from './lately.js';
import { hasQueue } from './queue-reasons.js';
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
  const lately = new Lately(root, ordinal, parts);
  const told: ContextFacts[] = [];
  for (const each of firstOf(contexts)) told.push(await contextFacts(each, machine, lately, engines, parts));
  const workflow = shared?.name ?? contexts[0]!.segment.name;
  return whyOf({ ...none, atMs: clock.nowMs(), workflow, ended: null, contexts: told, contextCount: contexts.length });
}

/** What can run, or has failed, before what waits for that. */
function firstOf(contexts: readonly LocatedContext[]): readonly LocatedContext[] {
  if (contexts.length <= contextsMax) return contexts;
  const isParked = ({ segment: { state } }: LocatedContext): boolean => state === 'joining' || state === 'waiting';
  return [...contexts.filter(each => !isParked(each)), ...contexts.filter(isParked)].slice(0, contextsMax);
}

async function contextFacts(
  located: LocatedContext,
  machine: SharedState | null,
  lately: Lately,
  engines: EngineFacts,
  parts: EngineParts,
): Promise<ContextFacts> {
  const { segment, position } = located;
  const { plan } = parts.definitions.byNumber(segment.workflow);
  const action = plan.actions[segment.place]!;
  const where =
    segment.state === 'ready' ? await whereIs(segment, position, engines, parts) : { kind: 'absent' as const };
  return {
    context: segment.context,
    action: action.name,
    type: action.action.type,
    state: segment.state,
    requests: requestsAt(segment, position),
    attempt: segment.attempt + 1,
    eligibleAtMs: segment.eligibleAtMs,
    waitsFor: segment.waitsFor,
    error: await errorOf(located, where, lately, parts.clock.nowMs()),
    pausedBy:
      contextState(located) === 'paused'
        ? lastPauser(await lately.events(), parts.build.runsAs(segment.workflow))
        : null,
    waitsOn: waitsOn(segment, plan, machine),
    where,
    executes: where?.kind === 'claimed' ? await executing(located, where.engine, lately, parts) : null,
  };
}

/** Kept with the instance when it stands FAILED; while it waits to be tried again the audit has it, if it is kept there. Only of
 * what is told with its error. */
async function errorOf(
  { segment, position }: LocatedContext,
  where: Whereabouts | null,
  lately: Lately,
  nowMs: number,
): Promise<ContextFacts['error']> {
  const awaitsTry = awaitsRetry(segment) && where?.kind !== 'claimed' && segment.eligibleAtMs > nowMs;
  if (segment.state !== 'failed' && !awaitsTry && !waitsForHandler(segment)) return null;
  const error = errorAt(segment, position) ?? lastError(await lately.events());
  return error === null ? null : { code: String(error.code), message: firstLine(String(error.message)) };
}

async function whereIs(
  segment: Segment,
  position: number,
  engines: EngineFacts,
  { queue, log }: EngineParts,
): Promise<Whereabouts | null> {
  if (!hasQueue(engines)) return null;
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
  lately: Lately,
  { options, committer, dispatcher }: EngineParts,
): Promise<ContextFacts['executes']> {
  if (engine === options.name) {
    for (const { batch, slot, place, startedAtMs } of dispatcher.executing()) {
      const found = partOf(committer.batches.get(batch)?.parts, slot);
      if (found?.part.held.segment.id !== segment.id || found.part.positions[found.member] !== position) continue;
      return { action: found.part.plan.actions[place]!.name, sinceMs: startedAtMs };
    }
  }
  return lastExecuting(await lately.events(), engine, segment);
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
    isQueueShared: parts.isShared,
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
