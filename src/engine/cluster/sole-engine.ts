// An engine that has its store for itself although others could reach it: on PostgreSQL, without a Redis to share the work by.
// Its queue is in its process, so a second engine beside it would run everything once more.
//
// Invariants:
//   A1. It starts when no earlier engine is left: who has died on this machine is taken off at once, who may have died
//       elsewhere when its lease ends, and who lives refuses it.
//   A2. It claims and commits only while by its own time its lease cannot have ended; after a sleep it looks first.
//   A3. Given up, it never joins again: whoever did so has the store. Nothing more is claimed or committed.

import type { Clock, Timer } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import type { LogEvents } from '../../observe/log-events.js';
import type { Member, Members } from '../../store/members.js';
import { currentProcess, fateOf } from '../../store/process-identity.js';
import type { Membership } from './membership.js';

/** While an earlier engine is waited for it is looked at this often, ms. */
const lookMs = 250;
/** A lease that ends later than it did, by more than two answers can take, has been renewed, ms. */
const renewedByMs = 200;
/** How long a store that does not answer is waited for beyond a lease, ms. */
const patienceMs = 15_000;

export interface SoleEngineWorld {
  readonly membership: Membership;
  readonly members: Members;
  readonly clock: Clock;
  readonly log: LogEvents;
  /** The store is another's. */
  lost(error: EngineError): void;
}

export class SoleEngine {
  readonly #world: SoleEngineWorld;
  readonly #self = currentProcess();
  #state: 'stopped' | 'alone' | 'fenced' = 'stopped';
  #isInterrupted = false;
  #pause: { readonly timer: Timer; readonly end: () => void } | null = null;

  constructor(world: SoleEngineWorld) {
    this.#world = world;
  }

  /** A2, A3. A stopped engine claims nothing anyway. */
  get mayClaim(): boolean {
    return this.#state === 'stopped' || (this.#state === 'alone' && this.#world.membership.isHeard);
  }

  /**
   * Resolves when no earlier engine is left (A1): at once, or within its lease.
   *
   * @throws EngineError `STORE_LOCKED` when one lives; `ENGINE_STOPPED` when it is interrupted
   */
  async begin(): Promise<void> {
    const { membership, members, clock, log } = this.#world;
    const startedMs = clock.monotonicMs();
    /** By sequence: when its lease ends, as it was first seen. */
    const ends = new Map<number, number>();
    for (;;) {
      await membership.look();
      const earlier = this.#earlier();
      if (earlier?.length === 0) break;
      let mustWait = earlier === null;
      for (const other of earlier ?? []) {
        const fate = this.#fateOf(other);
        if (fate === 'gone') {
          await members.leave(other.sequence);
          log.deadMemberLeft({ name: other.name, pid: other.pid, sequence: other.sequence });
          continue;
        }
        mustWait = true;
        const endMs = clock.monotonicMs() + other.aliveForMs;
        const seenMs = ends.get(other.sequence);
        if (seenMs === undefined) {
          ends.set(other.sequence, endMs);
          if (fate === 'unknown') log.memberAwaited({ name: other.name, host: other.host, forMs: other.aliveForMs });
        }
        const isRenewed = seenMs !== undefined && endMs > seenMs + renewedByMs;
        if ((fate === 'lives' && other.aliveForMs > 0) || isRenewed) throw lockedBy(other);
        if (clock.monotonicMs() > Math.max(startedMs, seenMs ?? endMs) + patienceMs) throw lockedBy(other);
      }
      if (mustWait) await this.#wait();
      if (this.#isInterrupted) {
        throw new EngineError('ENGINE_STOPPED', 'the engine was stopped while it waited for an earlier one to be gone');
      }
    }
    this.#state = 'alone';
  }

  /** Whoever waits in `begin`, or is about to, waits no longer; until `end`. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#pause?.timer.cancel();
    this.#pause?.end();
  }

  end(): void {
    this.#isInterrupted = false;
    if (this.#state === 'alone') this.#state = 'stopped';
  }

  /** A3. Whether to join anew, which an engine does that has not begun. */
  givenUp(): boolean {
    if (this.#state === 'stopped') return true;
    this.#state = 'fenced';
    this.#world.lost(fenced());
    return false;
  }

  /** A2. Before each commit; `null`: it may be made. @throws EngineError `STORE_FAILED`: another has the store; `STORE_UNAVAILABLE` */
  assertMine(): Promise<void> | null {
    return this.mayClaim ? null : this.#lookFirst();
  }

  async #lookFirst(): Promise<void> {
    if (this.#state === 'alone') await this.#world.membership.look();
    if (this.#state === 'fenced') throw fenced();
    if (!this.mayClaim)
      throw new EngineError('STORE_UNAVAILABLE', "this engine's lease on the store could not be renewed");
  }

  /** Who joined before and is not known to be gone: of the later ones each finds us. `null`: the store has not told yet. */
  #earlier(): Member[] | null {
    const { cluster, sequence } = this.#world.membership;
    if (cluster === null || sequence === null) return null;
    return cluster.members.filter(member => member.sequence < sequence);
  }

  #fateOf({ process: other }: Member): 'lives' | 'gone' | 'unknown' {
    // Without a boot id two machines cannot be told apart.
    return other === null || other.bootId === '' ? 'unknown' : fateOf(other, this.#self);
  }

  #wait(): Promise<void> {
    if (this.#isInterrupted) return Promise.resolve();
    return new Promise(resolve => {
      this.#pause = { timer: this.#world.clock.setTimer(lookMs, resolve), end: resolve };
    });
  }
}

function lockedBy({ name, pid, host }: Member): EngineError {
  const who = `engine "${name}" (pid ${pid} on "${host}")`;
  return new EngineError(
    'STORE_LOCKED',
    `${who} has this store; engines that share one need a Redis to share its work by`,
  );
}

function fenced(): EngineError {
  return new EngineError(
    'STORE_FAILED',
    'this engine was silent for longer than its lease, and another has taken its store; start it anew',
  );
}
