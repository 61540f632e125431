// This engine among others: what runs only where several share a store. One place to start and stop it.

import type { Clock } from '../../observe/clock.js';
import type { LogEvents } from '../../observe/log-events.js';
import type { MemberProfile, Members } from '../../store/members.js';
import type { Results } from '../commit/results.js';
import type { PageOffered } from '../queueing/recovery.js';
import { Walk } from '../queueing/walk.js';
import { Elsewhere } from './elsewhere.js';
import { Membership } from './membership.js';
import { SoleEngine } from './sole-engine.js';

/** How long it is known which engines there were. */
const livesKeptMs = 7 * 86_400_000;

export interface ClusterWorld {
  readonly members: Members;
  readonly profile: MemberProfile;
  readonly leaseMs: number;
  /** There is a queue to share the work by. */
  readonly isShared: boolean;
  readonly clock: Clock;
  readonly log: LogEvents;
  readonly results: Results;
  offerPage(after: string | null): Promise<PageOffered>;
  /** Definitions that others have deployed. */
  learn(): Promise<void>;
  storeFailed(error: unknown): void;
  /** Claims may be made again. */
  wake(): void;
  /** This engine leads from now on. */
  leads(): void;
  /** Tell the others that this engine has left. */
  tellLeft(): Promise<void>;
  /** Be told that another has. Returns what stops it. */
  onLeft(listener: () => void): () => void;
}

export class EngineCluster {
  readonly #membership: Membership;
  readonly #walk: Walk;
  readonly #elsewhere: Elsewhere;
  readonly #members: Members;
  readonly #name: string;
  /** `null` when there is a queue to share the work by. */
  readonly #sole: SoleEngine | null;
  readonly #world: Pick<ClusterWorld, 'tellLeft' | 'onLeft'>;
  #stopListening: () => void = () => {};

  constructor(world: ClusterWorld) {
    const { members, profile, leaseMs, clock, log, results, storeFailed } = world;
    this.#members = members;
    this.#name = profile.name;
    this.#world = world;
    this.#walk = new Walk(after => world.offerPage(after), clock, storeFailed);
    this.#elsewhere = new Elsewhere(results, clock, storeFailed);
    // A stopped engine is asked for results too.
    this.#elsewhere.start();
    this.#membership = new Membership(members, profile, leaseMs, clock, {
      leads: epoch => {
        log.leads({ epoch });
        void members.prune(clock.nowMs() - livesKeptMs).catch(storeFailed);
        this.#walk.start();
        world.leads();
      },
      leadsNoMore: () => {
        log.leadsNoMore();
        this.#walk.stop();
      },
      givenUp: () => this.#sole?.givenUp() ?? true,
      rejoined: sequence => log.rejoined({ sequence }),
      beaten: () => {
        void world.learn().catch(storeFailed);
        world.wake();
      },
      gaveUp: gone => {
        for (const { name, sequence } of gone) log.memberGivenUp({ name, sequence });
        this.#walk.hurry();
      },
      failed: storeFailed,
    });
    this.#sole = world.isShared
      ? null
      : new SoleEngine({ membership: this.#membership, members, clock, log, lost: storeFailed });
  }

  /** The master's epoch if this engine leads, else `null`. */
  get epoch(): number | null {
    return this.#membership.epoch;
  }

  /** Names of the engines that live now, this one among them; one that several have, as often. */
  async living(): Promise<string[]> {
    const names = (await this.#members.living()).flatMap(({ name, aliveForMs }) => (aliveForMs > 0 ? [name] : []));
    return names.includes(this.#name) ? names : [...names, this.#name];
  }

  /** False while another engine may have the store, and there is no Redis to share the work by. */
  get mayClaim(): boolean {
    return this.#sole?.mayClaim ?? true;
  }

  /**
   * Before each commit; `null`: it may be made.
   *
   * @throws EngineError `STORE_FAILED`, `STORE_UNAVAILABLE` when the store is, or may be, another's
   */
  assertMayCommit(): Promise<void> | null {
    return this.#sole?.assertMine() ?? null;
  }

  /**
   * Without a Redis an engine that may have died is waited for, a lease at most.
   *
   * @throws EngineError `STORE_LOCKED` when another engine has the store and there is no Redis to share the work by
   */
  async start(): Promise<void> {
    await this.#membership.start();
    this.#stopListening = this.#world.onLeft(() => void this.#membership.look());
    await this.#sole?.begin();
  }

  /** A start that waits for another engine's end waits no longer. */
  interrupt(): void {
    this.#sole?.interrupt();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#sole?.end();
    this.#walk.stop();
    await this.#membership.stop();
    await this.#world.tellLeft();
  }

  /** The engine is disposed of. */
  close(): void {
    this.#elsewhere.stop();
  }
}
