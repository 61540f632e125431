// Items of a commit that concern instances with several contexts, by instance: what happened to which context of it.

import type { Happening, What } from '../../flow/shared/happening.js';
import { watchesMoves } from '../../flow/shared/needs.js';
import type { Next } from '../../flow/transition.js';
import type { Guard, Segment } from '../../store/contract.js';
import type { Plan } from '../../workflow/plan.js';
import { deliveredEvent } from '../../workflow/waited-events.js';
import { workflowKey } from '../../workflow/written.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { waitsForHandler } from './unhandled.js';

/** A happening, and who it comes from. */
export interface Occurrence {
  readonly item: CommitItem;
  /** Index among the item's members. */
  readonly member: number;
  readonly happening: Happening;
  /** The context stands paused where it would stand ready. */
  readonly isPaused: boolean;
  /** What follows for it by itself. */
  readonly next: Next;
}

export interface GatheredInstance {
  readonly root: string;
  readonly ordinal: number;
  /** None: an operator raises or clears a signal, and nothing else happens. */
  readonly occurrences: Occurrence[];
  readonly signal?: SignalChange;
}

/** An operator raises or clears a signal in an instance. */
export interface SignalChange {
  readonly root: string;
  readonly ordinal: number;
  /** Number of its workflow version. */
  readonly workflow: number;
  readonly name: string;
  readonly isRaised: boolean;
  /** Who asks. */
  readonly user: string;
  /** It has not split: there may be nothing shared. */
  readonly isPlain: boolean;
}

/** Signals that an operation raises or clears, and the members that must be where they were for that. */
export interface SignalPart {
  readonly signals: readonly SignalChange[];
  readonly guards: readonly Guard[];
}

/** An item that nothing shared has to do with: the transition has said all. */
export interface PlainItem {
  readonly item: CommitItem;
  readonly next: Next;
}

export function keyOf(root: string, ordinal: number): string {
  return `${root} ${ordinal}`;
}

/**
 * @param resolve number of the newest version of a workflow
 * @param signals in instances to which nothing else may happen
 */
export function gather(
  items: readonly PlainItem[],
  resolve: (name: string) => number | null,
  signals: readonly SignalChange[] = [],
): { readonly instances: Map<string, GatheredInstance>; readonly plain: PlainItem[] } {
  const instances = new Map<string, GatheredInstance>();
  const plain: PlainItem[] = [];
  for (const { item: whole, next } of items) {
    const what = whatOf(whole, next, resolve);
    if (what === null) {
      plain.push({ item: whole, next });
      continue;
    }
    const item = next.keepsWork ? whole : withoutWork(whole);
    const { segment } = item.held;
    const { context, scope, workflow, place, hasRun, root } = segment;
    const happening = { context, scope, workflow, place, hasRun, what };
    const isPaused =
      next.kind === 'act' || next.kind === 'hand' ? next.isPaused : next.kind === 'stand' && next.state === 'paused';
    for (let member = 0; member < item.positions.length; member++) {
      const ordinal = segment.ordinals[item.positions[member]!]!;
      const key = keyOf(root, ordinal);
      let instance = instances.get(key);
      if (instance === undefined) {
        instance = { root, ordinal, occurrences: [] };
        instances.set(key, instance);
      }
      instance.occurrences.push({ item, member, happening, isPaused, next });
    }
  }
  for (const signal of signals) {
    const { root, ordinal } = signal;
    const key = keyOf(root, ordinal);
    instances.set(key, { root, ordinal, occurrences: instances.get(key)?.occurrences ?? [], signal });
  }
  return { instances, plain };
}

/** What the others must know of it; `null`: nothing. */
function whatOf(item: CommitItem, next: Next, resolve: (name: string) => number | null): What | null {
  const { segment } = item.held;
  switch (next.kind) {
    case 'act': {
      const { demand } = next;
      const at = item.outcome.kind === 'completed' ? item.outcome.reached : segment.place;
      if (demand.kind === 'flows') return { kind: 'flows', from: at, flows: demand.flows };
      const { count, range, name } = demand;
      return { kind: 'acted', at, count, range, workflow: name === null ? null : resolve(name) };
    }
    case 'leave':
      if (segment.context === 0 && !item.plan.usesSignals) return null;
      return { kind: next.state === 'removed' ? 'removed' : 'ended' };
    case 'hand':
      return { kind: 'handed', workflow: next.handler };
    case 'stand':
      if (isRecovered(item)) return { kind: 'recovered' };
      if (segment.context > 0 && hasGivenUp(item, next.state)) return { kind: 'gaveUp' };
      if (winsRace(item)) return { kind: 'given' };
      if (mayBeSignalled(item, next)) return { kind: 'waits' };
      if (!next.keepsWork || next.reason === 'trigger') return null;
      if (segment.context === 0 && !item.plan.usesSignals) return null;
      if (!watchesMoves(item.plan) && !writesInWorkflowScope(item)) return null;
      return { kind: 'moved', to: next.place };
  }
}

/** It stays before an action that a signal may keep it from; what is to be paused goes, too, and is paused there. */
function mayBeSignalled(
  { held: { segment }, outcome, plan }: CommitItem,
  { state, keepsWork }: Extract<Next, { kind: 'stand' }>,
): boolean {
  if (state === 'failed' || segment.hasRun || plan.actions[segment.place]!.monitors === undefined) return false;
  return outcome.kind === 'unfired' ? outcome.event !== deliveredEvent : !keepsWork;
}

/** What its trigger waits for has been brought to it. */
function winsRace({ held: { segment }, outcome, plan }: CommitItem): boolean {
  return (
    outcome.kind === 'unfired' && outcome.event === deliveredEvent && plan.actions[segment.place]!.isRaced === true
  );
}

function isRecovered({ held: { segment }, outcome, plan }: CommitItem): boolean {
  if (outcome.kind !== 'waiting' || outcome.cause !== 'recover') return false;
  return waitsForHandler(segment) || awaitsMutex(segment, plan);
}

/** Whether it stands FAILED at a mutex, which another may hold since: it is to queue for that. */
export function awaitsMutex({ context, state, hasRun, place }: Segment, { actions }: Plan): boolean {
  return context > 0 && state === 'failed' && !hasRun && actions[place]!.mutex !== null;
}

/** What its transaction did is rolled back: it had come to its end when it was interrupted, and removed. */
function withoutWork({ statements: _, ...item }: CommitItem): CommitItem {
  return { ...item, payload: null };
}

/** Of one of several contexts its transaction sends such names only if it has written them. A text that only looks so costs a
 * read of what is shared. */
function writesInWorkflowScope({ payload }: CommitItem): boolean {
  if (payload === null) return false;
  const { buffer, byteOffset, byteLength } = payload.bytes;
  return Buffer.from(buffer, byteOffset, byteLength).includes(`"${workflowKey}"`);
}

/** It has come to an error action; whether that is one of a handler is told by the instance's scopes. */
function hasGivenUp({ outcome, plan }: CommitItem, state: Extract<Next, { kind: 'stand' }>['state']): boolean {
  return outcome.kind === 'failed' && state === 'failed' && plan.actions[outcome.place]!.action.type === 'error';
}
