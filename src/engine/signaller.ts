// Signals raised and cleared by operators, on an instance, a workflow or a branch.
//
// A signal is raised in what the contexts of an instance share; whatever sleeps where it is monitored goes in the same commit.
//
// Invariants:
//   G1. What executes meets the signal in its own commit: that carries the version of what is shared, or, of an instance that
//       has not split, the revision of its segment, which is one more since.
//   G2. Instances in which nothing monitors the signal are not touched: nobody would ever clear it.

import { initialState, type SharedState } from '../flow/shared/state.js';
import { keptState } from '../flow/shared/text.js';
import { EngineError } from '../observe/errors.js';
import { emptyBitmap, setBit } from '../store/bitmap.js';
import type { Guard, LocatedContext, Scope, Segment } from '../store/contract.js';
import { instanceId } from '../workflow/instance-id.js';
import { checkWordName } from '../workflow/name-checks.js';
import { signalled } from './commit-items.js';
import { workflowsOf } from './definitions.js';
import { fateAt } from './member-requests.js';
import { unchanged } from './operation-changes.js';
import type { Target } from './operator.js';
import type { EngineParts } from './parts.js';
import { keyOf } from './shared/gathered.js';
import { openOf } from './withdrawal.js';

export interface SignalResult {
  /** Instances in which it was raised, or cleared; those in which it was so already do not count. */
  readonly instances: number;
}

const pageSegments = 500;
/** Instances of one commit. */
const instancesMax = 500;
/** Times what is asked is decided again when commits come in between. */
const attemptsMax = 50;
const nameLengthMax = 200;

export class Signaller {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** @throws EngineError `INPUT_INVALID` when it is not a name; `INSTANCE_UNKNOWN`; `OPERATION_CONTENDED` */
  async run(name: string, isRaised: boolean, target: Target, user: string): Promise<SignalResult> {
    checkName(name);
    if (target.kind !== 'instance') return { instances: await this.#onScope(name, isRaised, target, user) };
    const located = await this.#parts.store.locate(target.instance);
    if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${target.instance}`);
    if (located.kind === 'left') return { instances: 0 };
    return { instances: await this.#onMembers(name, isRaised, located.contexts.slice(0, 1), user) };
  }

  async #onScope(name: string, isRaised: boolean, scope: Scope, user: string): Promise<number> {
    const { store, clock } = this.#parts;
    const horizonMs = clock.nowMs();
    const seen = new Set<string>();
    let instances = 0;
    let after: string | null = null;
    for (;;) {
      const page: Segment[] = await store.select(scope, horizonMs, after, pageSegments);
      await this.#parts.definitions.ensure(workflowsOf(page));
      const members: LocatedContext[] = [];
      for (const segment of page) {
        // It shares nothing, and monitors nothing.
        const { plan } = this.#parts.definitions.byNumber(segment.workflow);
        if (segment.context === 0 && plan.usesSignals !== true) continue;
        for (const position of openOf(segment)) {
          const key = keyOf(segment.root, segment.ordinals[position]!);
          if (seen.has(key)) continue;
          seen.add(key);
          members.push({ segment, position });
        }
      }
      for (let at = 0; at < members.length; at += instancesMax) {
        instances += await this.#onMembers(name, isRaised, members.slice(at, at + instancesMax), user);
      }
      if (page.length < pageSegments) return instances;
      after = page[page.length - 1]!.id;
    }
  }

  /** @param members one of each instance */
  async #onMembers(name: string, isRaised: boolean, members: readonly LocatedContext[], user: string): Promise<number> {
    let left = members;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const changed = await this.#try(name, isRaised, left, user);
      if (changed !== null) return changed;
      const again: LocatedContext[] = [];
      for (const { segment, position } of left) {
        const { store } = this.#parts;
        const located = await store.locate(instanceOf(segment, position));
        if (located?.kind === 'open') again.push(located.contexts[0]!);
      }
      left = again;
    }
    throw new EngineError('OPERATION_CONTENDED', `signal "${name}": what it is for kept changing`);
  }

  /** Instances changed; `null` when something came in between: none was. */
  async #try(
    name: string,
    isRaised: boolean,
    members: readonly LocatedContext[],
    user: string,
  ): Promise<number | null> {
    const { committer, clock, definitions, holdings } = this.#parts;
    const meant = await this.#meant(name, isRaised, members);
    if (meant.length === 0) return 0;
    const nowMs = clock.nowMs();
    const alone = new Map<Segment, number[]>();
    for (const { segment, position } of meant) {
      if (segment.context === 0) alone.set(segment, [...(alone.get(segment) ?? []), position]);
    }
    const parts = [...alone].map(([segment, positions]) => {
      const { plan } = definitions.byNumber(segment.workflow);
      const { isTrigger, monitors } = plan.actions[segment.place]!;
      const sleeps = isTrigger || segment.eligibleAtMs > nowMs;
      const isAsked = isRaised && sleeps && !segment.hasRun && monitors?.some(({ signal }) => signal === name) === true;
      const goes = positions.filter(at => isAsked && fateAt(segment, at) === 'runs').sort((a, b) => a - b);
      return { segment, plan, goes, stays: positions.filter(at => !goes.includes(at)) };
    });
    const items = parts
      .filter(({ goes }) => goes.length > 0)
      .flatMap(({ segment, plan, goes }) =>
        signalled({ held: holdings.holdSegment(segment), plan, positions: Uint16Array.from(goes) }, null, nowMs),
      );
    const staying = parts.filter(({ stays }) => stays.length > 0);
    const changes = staying.map(({ segment }) => unchanged(segment));
    const guards = staying.map(({ segment, stays }) => guardOf(segment, stays));
    const signals = meant.map(({ segment, position }) => ({
      root: segment.root,
      ordinal: segment.ordinals[position]!,
      workflow: segment.workflow,
      name,
      isRaised,
      isPlain: segment.context === 0,
    }));
    const told = items.map(item => ({ ...item, user }));
    return (await committer.commitNow(told, changes, [], { signals, guards })) ? meant.length : null;
  }

  /** Those in whose instance the signal is not as it is to be, and, to raise it, is monitored. */
  async #meant(name: string, isRaised: boolean, members: readonly LocatedContext[]): Promise<LocatedContext[]> {
    const { store, definitions } = this.#parts;
    const keyed = members.map(member => ({
      member,
      root: member.segment.root,
      ordinal: member.segment.ordinals[member.position]!,
    }));
    const states = new Map<string, SharedState>();
    for (const { root, ordinal, state } of await store.shared(keyed)) {
      states.set(keyOf(root, ordinal), keptState(state).machine);
    }
    const running = [...states.values()].flatMap(({ open }) => Object.values(open).map(({ workflow }) => workflow));
    await definitions.ensure([...running, ...workflowsOf(members.map(({ segment }) => segment))]);
    return keyed.flatMap(({ member, root, ordinal }) => {
      const { context, workflow } = member.segment;
      const state = states.get(keyOf(root, ordinal)) ?? (context === 0 ? initialState(workflow) : null);
      if (state === null || (state.signals?.includes(name) === true) === isRaised) return [];
      const isMonitored = Object.values(state.open).some(scope => this.#monitors(scope.workflow, name));
      return isMonitored || !isRaised ? [member] : [];
    });
  }

  #monitors(workflow: number, name: string): boolean {
    const { actions } = this.#parts.definitions.byNumber(workflow).plan;
    return actions.some(({ monitors }) => monitors?.some(({ signal }) => signal === name) === true);
  }
}

function checkName(name: string): void {
  if (name === '' || name.length > nameLengthMax) {
    throw new EngineError('INPUT_INVALID', `a signal has a name of 1 to ${nameLengthMax} characters`);
  }
  checkWordName(name, 'a signal', [], (_, __, message) => {
    throw new EngineError('INPUT_INVALID', message);
  });
}

function guardOf(segment: Segment, positions: readonly number[]): Guard {
  const members = emptyBitmap(segment.ordinals.length);
  for (const position of positions) setBit(members, position);
  return { segment: segment.id, members, positions: segment.ordinals.length };
}

function instanceOf({ root, ordinals }: Segment, position: number): string {
  return instanceId(root, ordinals[position]!);
}
