// Why an instance does not run, decided from what is known of it. Pure.

import { neverMs, request } from '../../store/contract.js';
import { publisherOf } from '../../workflow/waited-events.js';
import type { ContextFacts, WhyFacts } from './facts.js';
import { queueReasons } from './queue-reasons.js';
import { type ReasonCode, type Said, said, type Why } from './reasons.js';
import { instantWords, spanWords } from './words.js';

export function whyOf(facts: WhyFacts): Why {
  const { instance, workflow, atMs, ended, contexts, contextCount } = facts;
  if (ended !== null) {
    const { state, finishedAtMs } = ended;
    const text = `${state === 'finished' ? 'it has finished' : 'it was removed'}, ${instantWords(finishedAtMs)}`;
    const over = { ...said(state, { finishedAtMs }, text), context: null, action: null };
    return { instance, workflow, atMs, isRunning: false, reasons: [over], contexts: 0 };
  }
  const told = contexts.map(each => ({ each, reasons: reasonsOf(each, facts) }));
  const ordered = [...told].sort((a, b) => rankOf(a.reasons[0]!.code) - rankOf(b.reasons[0]!.code));
  return {
    instance,
    workflow,
    atMs,
    isRunning: told.some(({ reasons }) => isHeld(reasons[0]!.code)),
    reasons: ordered.flatMap(({ each: { context, action }, reasons }) =>
      reasons.map(reason => ({ ...reason, context: context === 0 ? null : context, action })),
    ),
    contexts: contextCount,
  };
}

/** Of several contexts that decides first which is at work, then which could be, then which an operator or an event must
 * let go, and last which waits for those. */
function rankOf(code: ReasonCode): number {
  if (isHeld(code)) return 0;
  if (code === 'failed' || code === 'leaseEnded') return 1;
  if (hasEvent.has(code)) return 3;
  return isBehindOthers.has(code) ? 4 : 2;
}

function isHeld(code: ReasonCode): boolean {
  return code === 'running' || code === 'claimed';
}

const hasEvent: ReadonlySet<ReasonCode> = new Set([
  'paused',
  'retry',
  'notBefore',
  'sleeping',
  'polling',
  'manual',
  'message',
  'auditEvent',
]);
const isBehindOthers: ReadonlySet<ReasonCode> = new Set([
  'joining',
  'arrived',
  'group',
  'subWorkflow',
  'errorHandler',
  'mutex',
  'parked',
]);

/** In the order in which they would have to go away; one at least. */
function reasonsOf(context: ContextFacts, facts: WhyFacts): readonly Said[] {
  const { instance } = facts;
  const { state, attempt, error, waitsOn, where } = context;
  if (state === 'failed') {
    const text = `it has failed${withError(error)} in attempt ${attempt} and waits to be recovered`;
    return [said('failed', { attempt, error }, text, `millrace recover ${instance}`)];
  }
  if (where?.kind === 'claimed') return [heldReason(context, where), ...asked(context, instance)];
  if (waitsOn !== null) return [othersReason(context), ...asked(context, instance)];
  if (state === 'paused' || (context.requests & request.pause) !== 0) return [pausedReason(context, instance)];
  // What is to be removed is claimed for it, whatever it waits for.
  if ((context.requests & request.remove) !== 0) return [...asked(context, instance), ...queueReasons(context, facts)];
  return timeReason(context, facts) ?? queueReasons(context, facts);
}

function heldReason(
  { executes }: ContextFacts,
  { engine, leaseLeftMs, redelivered }: Extract<ContextFacts['where'], { kind: 'claimed' }>,
): Said {
  const held = { engine, leaseLeftMs, redelivered };
  if (leaseLeftMs < 0) {
    const text = `engine ${engine} held it and is silent: its lease ended ${spanWords(-leaseLeftMs)} ago, and another engine takes it over`;
    return said('leaseEnded', held, text);
  }
  if (executes === null)
    return said('claimed', held, `engine ${engine} has it; that an action executes is not told yet`);
  const { action, sinceMs } = executes;
  return said(
    'running',
    { ...held, sinceMs },
    `it executes ${action} on engine ${engine}, since ${instantWords(sinceMs)}`,
  );
}

/** What operators have asked of it that has not come about. */
function asked({ requests }: ContextFacts, instance: string): Said[] {
  const found: Said[] = [];
  if ((requests & request.remove) !== 0) {
    found.push(said('removing', {}, 'it leaves at its next transaction break', `millrace remove ${instance} --force`));
  }
  if ((requests & request.interrupt) !== 0) {
    found.push(said('interrupting', {}, 'it is rolled back at its next transaction break, and begins again'));
  }
  if ((requests & request.pause) !== 0) {
    // By whom is not recorded while it executes.
    const text = 'it was paused, and is held at its next transaction break';
    found.push(said('pausing', {}, text, `millrace resume ${instance}`));
  }
  return found;
}

function pausedReason({ pausedBy, action }: ContextFacts, instance: string): Said {
  const by = pausedBy === null ? '' : ` by ${pausedBy.user}, ${instantWords(pausedBy.atMs)}`;
  const data = { by: pausedBy?.user ?? null, atMs: pausedBy?.atMs ?? null };
  return said('paused', data, `it was paused${by}, and is held at ${action}`, `millrace resume ${instance}`);
}

function othersReason({ waitsOn, action, error }: ContextFacts): Said {
  switch (waitsOn!.kind) {
    case 'join': {
      const { arrived, missing, need } = waitsOn!;
      const of = need === null ? 'what else can arrive' : `${need} of ${arrived.length + missing.length}`;
      const text = `it waits at the join ${action} for ${of}: here from ${list(arrived)}, not from ${list(missing)}`;
      return said('joining', { arrived, missing, need }, text);
    }
    case 'arrived':
      return said('arrived', {}, 'it has ended, and its result waits for the others of its group');
    case 'group': {
      const { total, begun, finished } = waitsOn!;
      const text = `it waits for the copies of ${action}: ${finished} of ${total} have finished, ${begun} have begun`;
      return said('group', { total, begun, finished }, text);
    }
    case 'subWorkflow':
      return said('subWorkflow', {}, `it waits for the workflow that ${action} has called`);
    case 'errorHandler':
      return said('errorHandler', { error }, `it has failed${withError(error)}, and an error handler is at work`);
    case 'mutex': {
      const { mutex, holder, before } = waitsOn!;
      const text = `it waits for the mutex ${mutex}, which context ${holder} has; ${before} get it before`;
      return said('mutex', { mutex, holder, before }, text);
    }
    case 'others':
      return said('parked', {}, 'it waits for others of its instance');
  }
}

/** What it waits for, if that is an event or a time to come; else `null`. */
function timeReason(context: ContextFacts, { instance, atMs }: WhyFacts): readonly Said[] | null {
  const { eligibleAtMs, waitsFor, type, action, attempt, error } = context;
  if (eligibleAtMs <= atMs) return null;
  const untilMs = eligibleAtMs === neverMs ? null : eligibleAtMs;
  const until = untilMs === null ? '' : `, until ${instantWords(untilMs)} (${spanWords(untilMs - atMs)} from now)`;
  const expedite = `millrace expedite ${instance}`;
  if (waitsFor === null) {
    if (attempt === 1) return [said('notBefore', { untilMs: eligibleAtMs }, `its time has not come: it waits${until}`)];
    const text = `it has failed${withError(error)}, and attempt ${attempt} waits${until}`;
    return [said('retry', { untilMs: eligibleAtMs, attempt, error }, text, `millrace recover ${instance}`)];
  }
  const publisher = publisherOf(waitsFor);
  if (publisher !== null) {
    const text = `its trigger ${action} waits for a message of ${publisher}${until}`;
    return [said('message', { publisher, untilMs }, text, `millrace publish ${publisher} DATA`)];
  }
  switch (type) {
    case 'auditTrail':
      return [said('auditEvent', { untilMs }, `its trigger ${action} waits for an event of the audit${until}`)];
    case 'manual':
      return [said('manual', {}, `its trigger ${action} waits for an operator`, expedite)];
    case 'timer':
    case 'delay':
      return [said('sleeping', { untilMs }, `its ${type} ${action} has not fired: it waits${until}`, expedite)];
    default:
      return [
        said('polling', { untilMs }, `its trigger ${action} found nothing yet, and waits for its next look${until}`),
      ];
  }
}

function withError(error: ContextFacts['error']): string {
  return error === null ? '' : ` (${error.code}: ${error.message})`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
