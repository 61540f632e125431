// Why an instance whose time has come does not run: the engines, then the queue, then what has no room, then the order. Pure.

import type { ReadyMember, Shortage } from '../../queue/whereabouts.js';
import type { ContextFacts, EngineFacts, WhyFacts } from './facts.js';
import { type Said, said } from './reasons.js';
import { instantWords, spanWords } from './words.js';

/** In the order in which they would have to go away; one at least. */
export function queueReasons({ where }: ContextFacts, facts: WhyFacts): readonly Said[] {
  const { atMs, engines } = facts;
  if (engines.storeFailure !== null) {
    const message = engines.storeFailure;
    return [
      said(
        'storeFailed',
        { message },
        `the store can make nothing durable (${message}); nothing runs until a new process opens it`,
      ),
    ];
  }
  const found = [...engineReasons(engines)];
  if (where === null && hasQueue(engines))
    return [...found, said('queueUnreachable', {}, 'the queue cannot be asked; it is looked for until it is there')];
  if (!engines.isQueueOpen && engines.executing.includes(engines.engine)) {
    found.push(
      said('queueFilling', {}, 'the queue is being filled from the store; nothing is claimed before that is done'),
    );
  }
  if (where === null) return found.length > 0 ? found : [queueElsewhere(engines)];
  switch (where.kind) {
    case 'claimed': // Told before anything else.
      return found;
    case 'absent':
      if (found.length > 0) return found;
      return [said('notQueued', {}, 'its time has come, and it is on its way into the queue')];
    case 'delayed': {
      const { eligibleInMs } = where;
      const text = `its time has not come by the clock of the queue: it waits for ${spanWords(eligibleInMs)} more`;
      return [...found, said('notBefore', { untilMs: atMs + eligibleInMs }, text)];
    }
    case 'ready':
      return [...found, ...readyReasons(where, facts)];
  }
}

/** Whether the queue of the engine that was asked knows where members are. One of its own that is not filled has none of them, and
 * that of one that executes no more has what was true then. */
export function hasQueue({
  engine,
  executing,
  isQueueOpen,
  isQueueShared,
}: Pick<EngineFacts, 'engine' | 'executing' | 'isQueueOpen' | 'isQueueShared'>): boolean {
  if (isQueueShared) return true;
  return isQueueOpen && (executing.length === 0 || executing.includes(engine));
}

function queueElsewhere({ engine, executing }: EngineFacts): Said {
  const names = executing.join(', ');
  return said('queueUnreachable', {}, `engine ${names} has the queue, and ${engine} cannot look into it: ask ${names}`);
}

function engineReasons({ engine, state, executing }: EngineFacts): Said[] {
  if (executing.length > 0) return [];
  if (state === 'stopping') return [said('stopping', {}, `engine ${engine} is stopping, and there is no other`)];
  return [said('noEngine', { state }, 'no engine executes anything here', 'millrace start')];
}

function readyReasons(member: ReadyMember, { workflow, atMs, engines }: WhyFacts): Said[] {
  const { waitedMs, priority, window, filedBy, before } = member;
  const { executing, ready, isBehind, threads } = engines;
  const found: Said[] = member.shortages.flatMap(shortage => throttled(shortage, executing));
  if (isBehind)
    found.push(said('storeBehind', {}, 'commits wait for the store, and nothing is claimed until it catches up'));
  const steps = Math.max(0, priority.base - priority.effective);
  const line = { before, ready, waitedMs, priority: { ...priority, steps }, window, filedBy };
  if (before > 0) {
    const text = `${before} or more${ready === null ? '' : ` of ${ready} that are ready`} are before it; ${priorityWords(member, steps)}`;
    const higher = priority.origin !== 'own' && priority.effective > 1;
    const branch = workflow.slice(0, workflow.lastIndexOf('/') + 1);
    found.push(said('inLine', line, text, higher ? `millrace config set ${branch} PRIORITY 1` : null));
  }
  // Threads of other engines are not seen from here.
  if (threads.isFull && executing.every(engine => engine === engines.engine) && executing.length > 0) {
    const { count, inHand, longestSinceMs } = threads;
    const longest =
      longestSinceMs === null
        ? ''
        : `, the longest since ${instantWords(longestSinceMs)} (${spanWords(Math.max(0, atMs - longestSinceMs))})`;
    found.push(
      said(
        'threadsBusy',
        { threads: count, inHand, longestSinceMs },
        `the worker threads (${count}) have no room: they have ${inHand} in hand${longest}`,
      ),
    );
  }
  if (found.length > 0) return found;
  return [said('next', line, `it is the next to be claimed; ${priorityWords(member, steps)}`)];
}

/** None, where an engine has room. */
function throttled(shortage: Shortage, executing: readonly string[]): Said[] {
  const { branch } = shortage;
  switch (shortage.kind) {
    case 'clusterWide': {
      const { key, limit, running } = shortage;
      if (key !== null) return [ofKey(branch, key, limit, running)];
      const property = 'CONCURRENCY_THROTTLE_CLUSTER_WIDE';
      const text = `${branch} has no room: ${running} run, and its ${property} is ${limit}`;
      return [
        said(
          'throttled',
          { branch, key, property, limit, running, engines: null },
          text,
          raise(branch, property, running + 1),
        ),
      ];
    }
    case 'perEngine': {
      const { limit } = shortage;
      const isNone = limit === 0;
      const hasRoom = executing.length === 0 || executing.some(engine => !shortage.engines.includes(engine));
      if (!isNone && hasRoom) return [];
      const property = 'CONCURRENCY_THROTTLE';
      const each = shortage.engines.length === 1 ? `runs ${limit}` : `run ${limit} each`;
      const why = isNone
        ? `its ${property} is 0`
        : `${shortage.engines.join(', ')} ${each}, as many as its ${property} lets`;
      const text = `${branch} has no room on any engine: ${why}`;
      const engines = isNone ? null : shortage.engines;
      return [
        said(
          'throttled',
          { branch, key: null, property, limit, running: null, engines },
          text,
          raise(branch, property, limit + 1),
        ),
      ];
    }
    case 'strict': {
      const { key, before } = shortage;
      const text = `its key ${key} is in strict order in ${branch}: ${before} or more of it go before it`;
      return [said('keyInOrder', { branch, key, before }, text)];
    }
    case 'rate': {
      const { key, rate, nextInMs } = shortage;
      const { members, perMs, burst } = rate;
      const who =
        key === null ? `${branch} has used up its RATE` : `its key ${key} has used up the KEY_RATE of ${branch}`;
      const text = `${who} (${members} per ${spanWords(perMs)}, burst ${burst}): the next may be claimed in ${spanWords(nextInMs)}`;
      return [said('rateUsedUp', { branch, key, rate, nextInMs }, text)];
    }
  }
}

/** One at a time may be the bound or the strict order of keys. */
function ofKey(branch: string, key: string, limit: number, running: number): Said {
  const property = 'KEY_CONCURRENCY_THROTTLE';
  const which = limit === 1 ? `${property}, or KEY_ORDER strict` : property;
  const text = `its key ${key} has no room in ${branch}: ${running} with it run, and ${limit} may (${which})`;
  const command = limit === 1 ? null : raise(branch, property, running + 1);
  return said('throttled', { branch, key, property, limit, running, engines: null }, text, command);
}

function raise(branch: string, property: string, limit: number): string {
  return `millrace config set ${branch} ${property} ${limit}`;
}

function priorityWords({ priority, window, waitedMs }: ReadyMember, steps: number): string {
  const { effective, base, origin, branch } = priority;
  const whose = { own: 'its own', branch: `of ${branch}`, default: 'the default' }[origin];
  const aged = steps === 0 ? '' : `, ${base} less ${steps} of fairness`;
  const fair = window === 'off' ? '' : `, a step every ${spanWords(window)}`;
  return `its priority is ${effective} (${whose}${aged}${fair}), and it has waited for ${spanWords(waitedMs)}`;
}
