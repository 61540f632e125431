// Engines that claim, work, die and come back under throttles that change, on one queue, by a seed: what they hold is written
// down as marks to be swept (test/ledger/sweep.ts).
//
// An engine here is small: what it holds, and what it knows of itself. The store is a list of what is open. Engines work
// side by side, so that calls of several meet in a queue that lets them; time passes only between two rounds.

import type { Offer, Queue, Throttle } from '../../src/queue/contract.js';
import type { KeyRules } from '../../src/queue/key-rules.js';
import type { Swept } from '../ledger/sweep.js';
import { LoadEngine, type LoadWorld } from './throttle-load-engine.js';

export interface LoadHome {
  /** An object on the queue; its time is what `nowMs` says. */
  connect(nowMs: () => number): Queue;
  /** The queue loses all it has. Whether its engines outlive that. */
  wipe(): Promise<boolean>;
}

export interface LoadOptions {
  readonly random: (below: number) => number;
  readonly rounds: number;
  /** A planted fault, which the sweep must find: after a wipe nobody says what it holds, or throttles come too late. */
  readonly fault?: 'unannounced' | 'late throttles';
}

export const loadLeaseMs = 1_000;

/** Where keys have rules, and which there are. */
const keyed = '/a/';
const keys = ['tenant-1', 'tenant-2', 'tenant-3'];
const branches = ['/', '/a/', '/a/x/', '/a/x/deep/', '/a/y/', '/b/', '/b/z/'];
const none: Throttle = { perEngine: null, clusterWide: null, rate: null };
/** Rounds in which everything must have come to its end, once nothing dies any more. */
const drainRoundsMax = 400;

export class ThrottleLoad implements LoadWorld {
  readonly marks: Swept[] = [];
  readonly open = new Map<string, Offer>();
  readonly offers = new Map<string, Offer>();
  readonly options: LoadOptions;
  nowMs = 1_000_000;
  kills = 0;
  wipes = 0;
  lapses = 0;
  readonly #home: LoadHome;
  readonly #rules: KeyRules;
  readonly #engines: LoadEngine[] = [];
  readonly #throttles = new Map<string, Throttle>();
  #segments = 0;
  #names = 0;

  constructor(home: LoadHome, options: LoadOptions) {
    this.#home = home;
    this.options = options;
    const isStrict = options.random(3) === 0;
    const clusterWide = 1 + options.random(3);
    this.#rules = { each: { clusterWide, rate: null }, weights: null, isStrict };
    const bound = { perEngine: null, clusterWide: isStrict ? 1 : clusterWide };
    for (const key of keys) this.marks.push({ kind: 'bound', branch: branchOfKey(key), ...bound });
    for (let at = 0; at < 3; at++) this.#join();
  }

  get random(): (below: number) => number {
    return this.options.random;
  }

  /** To its end. @throws when something is stuck, or a slot is kept for nobody */
  async run(): Promise<void> {
    const { random } = this;
    await this.#comeBack();
    for (let round = 0; round < this.options.rounds; round++) {
      const isWiped = random(6) === 0;
      const dying = random(3) === 0 ? random(3) : -1;
      const working = this.#engines.map((engine, at) => engine.work(6 + random(10), at === dying));
      await Promise.all([...working, this.#configure(random(3)), isWiped ? this.#wipe() : null]);
      if (dying >= 0) this.kills += 1;
      if (isWiped || this.#engines.some(({ isLost }) => isLost)) await this.#comeBack();
      await this.#passTime(random(12) === 0 ? random(3) : -1);
    }
    await this.#drain();
    for (const engine of this.#engines) await engine.queue.close();
  }

  newOffer(): Offer {
    const { random } = this;
    this.#segments += 1;
    const branch = branches[random(branches.length)]!;
    const eligibleAtMs = this.nowMs - random(100) + (random(4) === 0 ? random(loadLeaseMs) : 0);
    return {
      segment: `s${this.#segments}`,
      from: 0,
      to: 1 + random(6),
      name: `${branch}${random(2) === 0 ? 'flow' : 'sub/flow'}`,
      priority: random(2) === 0 ? null : 1 + random(20),
      ...(random(3) === 0 ? {} : { key: keys[random(keys.length)]! }),
      eligibleAtMs,
      createdAtMs: eligibleAtMs,
    };
  }

  /** For the sweep a key is a branch of its own, beside the one that its workflow is in. */
  keyBranch({ name, key }: Offer): string | null {
    return key !== undefined && name.startsWith(keyed) ? branchOfKey(key) : null;
  }

  stored(offers: readonly Offer[]): void {
    for (const offer of offers) {
      for (let at = offer.from; at < offer.to; at++) {
        const [position, one] = [`${offer.segment}:${at}`, { ...offer, from: at, to: at + 1 }];
        this.open.set(position, one);
        this.offers.set(position, one);
      }
    }
  }

  #join(): void {
    this.#names += 1;
    this.#engines.push(
      new LoadEngine(
        `engine-${this.#names}`,
        this.#home.connect(() => this.nowMs),
        this,
      ),
    );
  }

  async #wipe(): Promise<void> {
    // In the midst of what the others do.
    for (let turns = this.random(20); turns > 0; turns--) await new Promise(resolve => setImmediate(resolve));
    this.wipes += 1;
    if (await this.#home.wipe()) return;
    for (const engine of this.#engines) engine.die();
  }

  /** One change after the other, marked as the sweep wants it: a looser one before, a tighter one when it holds. */
  async #configure(changes: number): Promise<void> {
    const { random } = this;
    const { queue } = this.#engines[0]!;
    for (let left = changes; left > 0; left--) {
      const branch = branches[random(branches.length)]!;
      if (random(4) === 0) await lossy(() => queue.setFifo(branch, [true, false, null][random(3)]!));
      if (random(4) === 0) await lossy(() => queue.setFairness(branch, [null, 'off' as const, 50, 400][random(4)]!));
      if (random(4) === 0)
        await lossy(() => queue.setInheritedPriority(branch, random(2) === 0 ? null : 1 + random(9)));
      await this.#throttle(branch, random(5) === 0 ? null : this.#newThrottle());
    }
  }

  /** Its rate is beside the point, but moves what there is room for. */
  #newThrottle(): Throttle {
    const { random } = this;
    const rate = random(5) === 0 ? { members: 1 + random(30), perMs: loadLeaseMs, burst: 1 + random(10) } : null;
    return { perEngine: this.#limit(), clusterWide: this.#limit(), rate };
  }

  #limit(): number | null {
    const limit = this.random(8);
    return limit === 7 ? null : limit;
  }

  async #throttle(branch: string, throttle: Throttle | null): Promise<void> {
    const { queue } = this.#engines[0]!;
    const [before, after] = [this.#throttles.get(branch) ?? none, throttle ?? none];
    this.#mark(branch, {
      perEngine: looser(before.perEngine, after.perEngine),
      clusterWide: looser(before.clusterWide, after.clusterWide),
    });
    this.#throttles.set(branch, after);
    if (!(await lossy(() => queue.setThrottle(branch, throttle)))) return;
    // What was claimed before may not have been answered yet.
    await Promise.all(this.#engines.map(engine => engine.answered()));
    this.#mark(branch, after);
  }

  #mark(branch: string, { perEngine, clusterWide }: Pick<Throttle, 'perEngine' | 'clusterWide'>): void {
    this.marks.push({ kind: 'bound', branch, perEngine, clusterWide });
  }

  /** The way back after a loss, as the contract has it: all say what they hold, throttles are set, then claims are answered. */
  async #comeBack(): Promise<void> {
    const { fault, random } = this.options;
    for (const [at, engine] of this.#engines.entries()) if (!engine.isAlive) await this.#replace(at);
    const attached = await Promise.all(this.#engines.map(engine => engine.attach()));
    const at = attached.indexOf('mine');
    const { queue } = this.#engines[Math.max(0, at)]!;
    const setThrottles = async (): Promise<void> => {
      await queue.setKeys(keyed, this.#rules);
      for (const [branch, throttle] of this.#throttles) await queue.setThrottle(branch, throttle);
    };
    const fill = async (): Promise<void> => {
      if (at < 0) return;
      const offers = [...this.open.values()].map(offer => ({ ...offer, redelivered: true }));
      if (fault !== 'late throttles' && random(2) === 0) await setThrottles();
      await queue.offer(offers);
    };
    // Who has announced asks for more at once: there is nothing before the queue is open.
    const announcing = this.#engines.map(async engine => {
      await engine.announce(fault === 'unannounced');
      await engine.claim(3);
    });
    await Promise.all([...announcing, fill()]);
    if (fault !== 'late throttles') await setThrottles();
    for (const [branch, throttle] of this.#throttles) this.#mark(branch, throttle);
    if (at >= 0) await queue.open();
    if (fault !== 'late throttles') return;
    await Promise.all(this.#engines.map(engine => engine.work(4, false)));
    await setThrottles();
  }

  async #replace(at: number): Promise<void> {
    await this.#engines[at]!.queue.close();
    this.#join();
    const [joined] = this.#engines.splice(-1);
    this.#engines[at] = joined!;
  }

  /** @param lapsing which engine does not renew its leases, though it lives on */
  async #passTime(lapsing: number): Promise<void> {
    for (const [at, engine] of this.#engines.entries()) {
      if (!engine.isAlive) {
        await this.#replace(at);
        await this.#engines[at]!.attach();
        await this.#engines[at]!.announce(false);
      } else if (at === lapsing) {
        this.lapses += 1;
        engine.lapse();
      } else await engine.renew();
    }
    this.nowMs += 1 + this.random(loadLeaseMs - 1);
    for (const engine of this.#engines) if (this.random(2) === 0) await engine.queue.expire();
  }

  async #drain(): Promise<void> {
    for (const [branch, { perEngine, clusterWide, rate }] of [...this.#throttles]) {
      const isShut = perEngine === 0 || clusterWide === 0;
      if (isShut || rate !== null) await this.#throttle(branch, { perEngine: 1, clusterWide: 1, rate: null });
    }
    const { queue } = this.#engines[0]!;
    for (let round = 0; this.open.size > 0 || !(await isEmpty(queue)); round++) {
      if (round === drainRoundsMax)
        throw new Error(`${this.open.size} are stuck: ${[...this.open.keys()].slice(0, 5)}`);
      await Promise.all(this.#engines.map(engine => engine.finish()));
      await this.#passTime(-1);
    }
    const kept = [...(await queue.throttles())].filter(([, { running }]) => running > 0);
    if (kept.length > 0) throw new Error(`slots are kept for nobody: ${kept.map(([branch]) => branch).join(' ')}`);
  }
}

async function isEmpty(queue: Queue): Promise<boolean> {
  const { ready, delayed, claimed } = await queue.counts();
  return ready + delayed + claimed === 0;
}

function branchOfKey(key: string): string {
  return `key ${key}/`;
}

function looser(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : Math.max(left, right);
}

/** Whether it was done: the queue may be lost. */
async function lossy(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'QUEUE_LOST') throw error;
    return false;
  }
}
