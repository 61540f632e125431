// Signals raised and cleared by operators, on an instance, a workflow or a branch.
//
// A signal is raised in what the contexts of an instance share; whatever sleeps where it is monitored goes in the same commit.
//
// Invariants:
//   G1. What executes meets the signal in its own commit: that carries the version of what is shared, or, of an instance that
//       has not split, the revision of its segment, which is one more since.
//   G2. Instances in which nothing monitors the signal are not touched: nobody would ever clear it.
//   G3. A call means an instance once: one that has taken its signal flow meanwhile does not find it raised again.

import { initialState, type SharedState } from '../../flow/shared/state.js';
import { keptState } from '../../flow/shared/text.js';
import { EngineError } from '../../observe/errors.js';
import { emptyBitmap, hasBit, setBit } from '../../store/bitmap.js';
import type { Guard, LocatedContext, Scope, Segment } from '../../store/contract.js';
import { instanceId, rootMembersMax } from '../../workflow/instance-id.js';
import { checkWordName } from '../../workflow/name-checks.js';
import type { Plan } from '../../workflow/plan.js';
import { halves, signalled } from '../commit/commit-items.js';
import { workflowsOf } from '../definitions/definitions.js';
import type { EngineParts } from '../parts.js';
import { keyOf } from '../shared/gathered.js';
import { isAsleep, isMonitored } from '../shared/signalled-parts.js';
import { fateAt } from './member-requests.js';
import { unchanged } from './operation-changes.js';
import type { Target } from './operator.js';
import { openOf } from './withdrawal.js';

export interface SignalOptions {
  /** Who asks, for the audit. Default: who runs this process. */
  readonly user?: string;
  /** Count where it would be raised, or cleared, and change nothing. Default false. */
  readonly dryRun?: boolean;
  /** Told after every page of a workflow or branch, 500 segments at most, what has been changed so far. It must be quick and
   * must not throw. */
  readonly onProgress?: (progress: SignalResult) => void;
}

export interface SignalResult {
  /** Flow contexts of these instances that stand where it is monitored: raised, it ends those that wait at once, the others when
   * their action has. */
  readonly contexts: number;
  /** Instances in which it was raised, or cleared; those in which it was so already do not count. */
  readonly instances: number;
}

/** One call. */
interface Call {
  readonly name: string;
  readonly isRaised: boolean;
  readonly user: string;
  readonly dryRun: boolean;
  /** Ordinals of the instances it has dealt with, by root: some 60 bytes for up to 500 of them (G3). */
  readonly met: Map<string, Uint8Array>;
  contexts: number;
  instances: number;
  /** There were instances, and in one of them it is monitored or active. */
  hasFound: boolean;
  isKnown: boolean;
}

/** An instance that the call changes, by its only context or one of several. */
interface Meant extends LocatedContext {
  /** Of its contexts, those where the signal is monitored. */
  readonly contexts: number;
}

const pageSegments = 500;
/** Instances of one commit. */
const instancesMax = 500;
/** Times what is asked is decided again when commits come in between, and passes over a scope. */
const attemptsMax = 50;
const nameLengthMax = 200;

export class Signaller {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /**
   * @param user who asks
   * @throws EngineError `INPUT_INVALID` when it is not a name; `INSTANCE_UNKNOWN`; `SIGNAL_UNKNOWN` when an instance, or a
   *   workflow that has some, monitors no such signal; `OPERATION_CONTENDED`
   */
  async run(
    name: string,
    isRaised: boolean,
    target: Target,
    user: string,
    { dryRun = false, onProgress }: SignalOptions = {},
  ): Promise<SignalResult> {
    checkName(name);
    const own = { contexts: 0, instances: 0, hasFound: false, isKnown: false };
    const call: Call = { name, isRaised, user, dryRun, met: new Map(), ...own };
    if (target.kind === 'instance') await this.#onInstance(call, target.instance);
    else await this.#onScope(call, target, onProgress);
    if (call.hasFound && !call.isKnown && target.kind !== 'branch') {
      const where = target.kind === 'instance' ? `instance ${target.instance}` : target.name;
      throw new EngineError('SIGNAL_UNKNOWN', `no workflow that runs in ${where} monitors a signal "${name}"`);
    }
    return { contexts: call.contexts, instances: call.instances };
  }

  async #onInstance(call: Call, instance: string): Promise<void> {
    const located = await this.#parts.store.locate(instance);
    if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${instance}`);
    if (located.kind === 'open') await this.#onMembers(call, located.contexts.slice(0, 1));
  }

  /** A commit may move an instance behind the page just read, or to an id before it when the clocks of two engines differ: a pass
   * that meets nobody new ends it. */
  async #onScope(call: Call, scope: Scope, onProgress: SignalOptions['onProgress']): Promise<void> {
    const horizonMs = this.#parts.clock.nowMs();
    for (let pass = 0; pass < attemptsMax; pass++) {
      if (!(await this.#pass(call, scope, horizonMs, onProgress)) || call.dryRun) return;
    }
    throw contended(call);
  }

  /** @returns whether it met anybody */
  async #pass(call: Call, scope: Scope, horizonMs: number, onProgress: SignalOptions['onProgress']): Promise<boolean> {
    const { store, definitions } = this.#parts;
    let hasMet = false;
    let after: string | null = null;
    for (;;) {
      const page: Segment[] = await store.select(scope, horizonMs, after, pageSegments);
      call.hasFound ||= page.length > 0;
      await definitions.ensure(workflowsOf(page));
      const members: LocatedContext[] = [];
      for (const segment of page) {
        // It shares nothing, and monitors nothing.
        if (segment.context === 0 && definitions.byNumber(segment.workflow).plan.usesSignals !== true) continue;
        for (const position of openOf(segment)) {
          if (meets(call, segment, position)) members.push({ segment, position });
        }
      }
      hasMet ||= members.length > 0;
      for (let at = 0; at < members.length; at += instancesMax) {
        await this.#onMembers(call, members.slice(at, at + instancesMax));
      }
      onProgress?.({ contexts: call.contexts, instances: call.instances });
      if (page.length < pageSegments) return hasMet;
      after = page[page.length - 1]!.id;
    }
  }

  /** @param members one of each instance. Those of a commit that loses a race are decided again in halves. */
  async #onMembers(call: Call, members: readonly LocatedContext[]): Promise<void> {
    const lists = [{ members, lost: 0 }];
    for (let list = lists.pop(); list !== undefined; list = lists.pop()) {
      call.hasFound ||= list.members.length > 0;
      const meant = await this.#meant(call, list.members);
      if (meant.length === 0) continue;
      if (call.dryRun || (await this.#apply(call, meant))) {
        call.instances += meant.length;
        for (const { contexts } of meant) call.contexts += contexts;
        continue;
      }
      const lost = list.lost + 1;
      if (lost === attemptsMax) throw contended(call);
      for (const half of halves(await this.#again(meant))) if (half.length > 0) lists.push({ members: half, lost });
    }
  }

  /** False when something came in between: nothing was changed. */
  async #apply({ name, isRaised, user }: Call, meant: readonly Meant[]): Promise<boolean> {
    const { committer, clock, definitions, holdings } = this.#parts;
    const nowMs = clock.nowMs();
    const alone = new Map<Segment, number[]>();
    for (const { segment, position } of meant) {
      if (segment.context === 0) alone.set(segment, [...(alone.get(segment) ?? []), position]);
    }
    const parts = [...alone].map(([segment, positions]) => {
      const { plan } = definitions.byNumber(segment.workflow);
      const isAsked = isRaised && isMonitored(segment, plan) && monitorsAt(plan, segment, name);
      const waits = isAsked && segment.state !== 'failed' && isAsleep(segment, plan.actions[segment.place]!, nowMs);
      const goes = positions.filter(at => waits && fateAt(segment, at) !== 'removed').sort((a, b) => a - b);
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
      user,
      isPlain: segment.context === 0,
    }));
    const told = items.map(item => ({ ...item, user }));
    return committer.commitNow(told, changes, [], { signals, guards });
  }

  /** Those in whose instance the signal is not as it is to be, and, to raise it, is monitored. */
  async #meant(call: Call, members: readonly LocatedContext[]): Promise<Meant[]> {
    const { store, definitions } = this.#parts;
    const { name, isRaised } = call;
    const keys = members.map(({ segment, position }) => ({ root: segment.root, ordinal: segment.ordinals[position]! }));
    const states = new Map<string, SharedState>();
    for (const { root, ordinal, state } of await store.shared(keys)) {
      states.set(keyOf(root, ordinal), keptState(state).machine);
    }
    const running = [...states.values()].flatMap(({ open }) => Object.values(open).map(({ workflow }) => workflow));
    await definitions.ensure([...running, ...workflowsOf(members.map(({ segment }) => segment))]);
    const found = members.filter(({ segment, position }) => {
      const { context, workflow, root, ordinals } = segment;
      const state = states.get(keyOf(root, ordinals[position]!)) ?? (context === 0 ? initialState(workflow) : null);
      if (state === null) return false;
      const isActive = state.signals?.includes(name) === true;
      const isMonitoredIn = Object.values(state.open).some(scope => this.#isMonitored(scope.workflow, name));
      call.isKnown ||= isActive || isMonitoredIn;
      return isActive !== isRaised && (isMonitoredIn || !isRaised);
    });
    const contexts = await this.#contexts(found, name);
    return found.map(member => ({ ...member, contexts: contexts.get(keyAt(member)) ?? 0 }));
  }

  /** How many contexts of each instance stand where the signal is monitored. COST one read, for those that have several. */
  async #contexts(members: readonly LocatedContext[], name: string): Promise<Map<string, number>> {
    const { definitions } = this.#parts;
    const counts = new Map<string, number>();
    const count = ({ segment, position }: LocatedContext): void => {
      const { plan } = definitions.byNumber(segment.workflow);
      const key = keyAt({ segment, position });
      if (monitorsAt(plan, segment, name)) counts.set(key, (counts.get(key) ?? 0) + 1);
    };
    for (const member of members) if (member.segment.context === 0) count(member);
    const several = new Set(members.filter(({ segment }) => segment.context > 0).map(keyAt));
    const segments = await this.#segmentsOf(members.filter(({ segment }) => segment.context > 0));
    for (const segment of segments) {
      for (const position of openOf(segment))
        if (several.has(keyAt({ segment, position }))) count({ segment, position });
    }
    return counts;
  }

  /** The same instances, wherever they stand now. */
  async #again(members: readonly LocatedContext[]): Promise<LocatedContext[]> {
    const found = new Map<string, LocatedContext>();
    const asked = new Set(members.map(keyAt));
    const { store } = this.#parts;
    const alone = members.filter(({ segment }) => segment.context === 0).map(({ segment }) => segment.id);
    const fresh = alone.length === 0 ? [] : await store.segments([...new Set(alone)]);
    for (const segment of [...fresh, ...(await this.#segmentsOf(members))]) {
      for (const position of openOf(segment)) {
        const key = keyAt({ segment, position });
        if (asked.has(key)) found.set(key, { segment, position });
      }
    }
    for (const { segment, position } of members) {
      const key = keyAt({ segment, position });
      // It has moved on, without others of its instance.
      const located = found.has(key) ? null : await store.locate(instanceId(segment.root, segment.ordinals[position]!));
      if (located?.kind === 'open') found.set(key, located.contexts[0]!);
    }
    return [...found.values()];
  }

  async #segmentsOf(members: readonly LocatedContext[]): Promise<Segment[]> {
    const { store, definitions } = this.#parts;
    if (members.length === 0) return [];
    const segments = await store.contextsOf(
      members.map(({ segment: { root, ordinals }, position }) => ({
        root,
        ordinal: ordinals[position]!,
        contexts: null,
      })),
    );
    await definitions.ensure(workflowsOf(segments));
    return segments;
  }

  #isMonitored(workflow: number, name: string): boolean {
    const { plan } = this.#parts.definitions.byNumber(workflow);
    return plan.usesSignals === true && plan.actions.some((_, place) => monitorsAt(plan, { place }, name));
  }
}

/** @returns whether the call has not met the instance before */
function meets({ met }: Call, { root, ordinals }: Segment, position: number): boolean {
  const seen = met.get(root) ?? emptyBitmap(rootMembersMax);
  met.set(root, seen);
  const ordinal = ordinals[position]!;
  if (hasBit(seen, ordinal)) return false;
  setBit(seen, ordinal);
  return true;
}

function keyAt({ segment: { root, ordinals }, position }: LocatedContext): string {
  return keyOf(root, ordinals[position]!);
}

function monitorsAt({ actions }: Plan, { place }: Pick<Segment, 'place'>, name: string): boolean {
  return actions[place]!.monitors?.some(({ signal }) => signal === name) === true;
}

function contended({ name, instances }: Call): EngineError {
  const done = `${instances} instances were changed, others may not be`;
  return new EngineError('OPERATION_CONTENDED', `signal "${name}": what it is for kept changing; ${done}`);
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
