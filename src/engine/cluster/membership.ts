// This engine's place among those that share its store: it joins, tells at every third of a lease that it lives, leads when
// it is the earliest, and gives up the silent when it leads.
//
// Invariants:
//   E1. It leads only under an epoch the store gave it, and stops leading when a beat shows a later one, when it has been
//       given up, or when it could not beat for a lease.
//   E2. One beat at a time; a look that is asked for while one is under way follows it.
//   E3. When somebody's lease ends it is seen at once, not at the next third: a look is due then. One that fails is made
//       again before that, too: whoever left may have taken the store along.

import type { Clock, Timer } from '../../observe/clock.js';
import type { Cluster, Member, MemberProfile, Members } from '../../store/members.js';
import { retryStoreMs, withPatience } from '../store-trouble.js';
import { hasSilent, roleOf } from './election.js';

/** A lease that should have ended has, by the store's clock. */
const afterEndMs = 10;

export interface MembershipEvents {
  /** This engine leads from now on. */
  leads(epoch: number): void;
  /** It does no longer. */
  leadsNoMore(): void;
  /** It has been given up: others have its work. Whether it is to join anew. */
  givenUp(): boolean;
  /** It has joined anew under the sequence. */
  rejoined(sequence: number): void;
  /** The master gave these up. */
  gaveUp(members: readonly Member[]): void;
  /** A beat has been answered. */
  beaten(): void;
  failed(error: unknown): void;
}

export class Membership {
  readonly #members: Members;
  readonly #profile: MemberProfile;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #events: MembershipEvents;
  #sequence: number | null = null;
  #epoch: number | null = null;
  #cluster: Cluster | null = null;
  #beatAtMs = 0;
  #timer: Timer | null = null;
  /** The look that is due before the next third (E3). */
  #soon: Timer | null = null;
  /** Wait after a look that fails: doubled by each, up to a third of the lease. */
  #retryMs = retryStoreMs;
  #looking: Promise<void> | null = null;
  #lookAgain = false;

  constructor(members: Members, profile: MemberProfile, leaseMs: number, clock: Clock, events: MembershipEvents) {
    this.#members = members;
    this.#profile = profile;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#events = events;
  }

  /** Order of joining; `null` before the start and after the stop. */
  get sequence(): number | null {
    return this.#sequence;
  }

  /** The epoch this engine leads under, or `null`. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /** What the last beat showed. */
  get cluster(): Cluster | null {
    return this.#cluster;
  }

  /** By its own time its lease cannot have ended: nobody may have given it up. */
  get isHeard(): boolean {
    return this.#clock.monotonicMs() - this.#beatAtMs < this.#leaseMs;
  }

  /** Join, and take the lead when nobody earlier lives. */
  async start(): Promise<void> {
    // A second row of the same engine is given up when its lease has run out.
    this.#sequence = await withPatience(() => this.#members.join(this.#profile, this.#leaseMs), this.#clock);
    this.#beatAtMs = this.#clock.monotonicMs();
    await this.look();
    this.#schedule();
  }

  /** Leave, so that another can lead at once. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    await this.#looking;
    this.#soon?.cancel();
    this.#soon = null;
    const sequence = this.#sequence;
    this.#sequence = null;
    this.#lose();
    // A store out of reach is not waited for: the lease runs out by itself.
    if (sequence !== null) await this.#members.leave(sequence).catch(error => this.#events.failed(error));
  }

  /** Look now: somebody has come or gone. */
  look(): Promise<void> {
    if (this.#looking !== null) {
      this.#lookAgain = true;
      return this.#looking;
    }
    this.#looking = this.#lookUntilSettled().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  #schedule(): void {
    this.#timer = this.#clock
      .setTimer(this.#leaseMs / 3, () => {
        this.#schedule();
        void this.look();
      })
      .unref();
  }

  async #lookUntilSettled(): Promise<void> {
    do {
      this.#lookAgain = false;
      try {
        await this.#beat();
      } catch (error) {
        // E1: by the store's clock the lease may be over, and another lead.
        if (this.#clock.monotonicMs() - this.#beatAtMs >= this.#leaseMs) this.#lose();
        this.#events.failed(error);
        this.#lookIn(this.#retryMs);
        this.#retryMs *= 2;
      }
    } while (this.#lookAgain);
  }

  async #beat(): Promise<void> {
    const sequence = this.#sequence;
    if (sequence === null) return;
    const askedAtMs = this.#clock.monotonicMs();
    const cluster = await this.#members.beat(sequence, this.#leaseMs);
    if (cluster === null) {
      this.#lose();
      if (!this.#events.givenUp()) {
        this.#sequence = null;
        return;
      }
      this.#sequence = await this.#members.join(this.#profile, this.#leaseMs);
      this.#events.rejoined(this.#sequence);
      this.#lookAgain = true;
      return;
    }
    this.#beatAtMs = askedAtMs;
    this.#retryMs = retryStoreMs;
    this.#cluster = cluster;
    this.#expectEnd(cluster);
    this.#events.beaten();
    switch (roleOf(sequence, cluster)) {
      case 'candidate':
        await this.#lead(sequence, cluster);
        break;
      case 'master':
        this.#win(cluster.epoch);
        break;
      case 'follower':
        this.#lose();
        break;
    }
    if (this.#epoch !== null && hasSilent(cluster)) {
      const gone = await this.#members.giveUp(this.#epoch);
      if (gone.length > 0) this.#events.gaveUp(gone);
    }
  }

  /** E3. Whoever renews its lease in time is never so near its end. */
  #expectEnd({ members }: Cluster): void {
    const left = members.flatMap(({ aliveForMs }) => (aliveForMs > 0 ? [aliveForMs] : []));
    this.#lookIn(Math.min(...left) + afterEndMs);
  }

  /** Look then, unless the next third comes before. */
  #lookIn(ms: number): void {
    this.#soon?.cancel();
    this.#soon = ms < this.#leaseMs / 3 ? this.#clock.setTimer(ms, () => void this.look()).unref() : null;
  }

  async #lead(sequence: number, cluster: Cluster): Promise<void> {
    const epoch = await this.#members.lead(sequence, cluster.epoch);
    if (epoch === null) {
      // Another was faster: see who.
      this.#lookAgain = true;
      return;
    }
    this.#cluster = { ...cluster, epoch, master: sequence };
    this.#win(epoch);
  }

  #win(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#lose();
    this.#epoch = epoch;
    this.#events.leads(epoch);
  }

  #lose(): void {
    if (this.#epoch === null) return;
    this.#epoch = null;
    this.#events.leadsNoMore();
  }
}
