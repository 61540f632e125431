// This engine among others: what runs only where several share a store. One place to start and stop it.

import type { Clock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import type { LogEvents } from '../observe/log-events.js';
import type { MemberProfile, Members } from '../store/members.js';
import { Elsewhere } from './elsewhere.js';
import { Membership } from './membership.js';
import type { PageOffered } from './recovery.js';
import type { Results } from './results.js';
import { Walk } from './walk.js';

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
  readonly #isShared: boolean;
  readonly #world: Pick<ClusterWorld, 'tellLeft' | 'onLeft'>;
  #stopListening: () => void = () => {};

  constructor(world: ClusterWorld) {
    const { members, profile, leaseMs, clock, log, results, storeFailed } = world;
    this.#members = members;
    this.#name = profile.name;
    this.#isShared = world.isShared;
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
      },
      leadsNoMore: () => {
        log.leadsNoMore();
        this.#walk.stop();
      },
      rejoined: sequence => log.rejoined({ sequence }),
      beaten: () => void world.learn().catch(storeFailed),
      gaveUp: gone => {
        for (const { name, sequence } of gone) log.memberGivenUp({ name, sequence });
        this.#walk.hurry();
      },
      failed: storeFailed,
    });
  }

  /** The master's epoch if this engine leads, else `null`. */
  get epoch(): number | null {
    return this.#membership.epoch;
  }

  /** Names of the engines that live now, this one among them. */
  async living(): Promise<string[]> {
    const names = (await this.#members.living()).flatMap(({ name, aliveForMs }) => (aliveForMs > 0 ? [name] : []));
    return names.includes(this.#name) ? names : [...names, this.#name];
  }

  /** @throws EngineError `STORE_LOCKED` when another engine has the store and there is no Redis to share the work by */
  async start(): Promise<void> {
    await this.#membership.start();
    this.#stopListening = this.#world.onLeft(() => void this.#membership.look());
    if (!this.#isShared) await this.#assertAlone();
  }

  async #assertAlone(): Promise<void> {
    const other = this.#membership.cluster?.members.find(
      ({ sequence, aliveForMs }) => sequence !== this.#membership.sequence && aliveForMs > 0,
    );
    if (other === undefined) return;
    await this.#membership.stop();
    const who = `engine "${other.name}" (pid ${other.pid} on "${other.host}")`;
    throw new EngineError(
      'STORE_LOCKED',
      `${who} has this store; engines that share one need a Redis to share its work by`,
    );
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#walk.stop();
    await this.#membership.stop();
    await this.#world.tellLeft();
  }

  /** The engine is disposed of. */
  close(): void {
    this.#elsewhere.stop();
  }
}
