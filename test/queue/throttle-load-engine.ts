// An engine of the throttle load: claims, works, gives back, dies.

import type { Attachment, Claim, Offer, Queue, Slice } from '../../src/queue/contract.js';
import type { Swept } from '../ledger/sweep.js';
import { positionsOf } from './queue-model.js';
import { loadLeaseMs } from './throttle-load.js';

export interface LoadWorld {
  readonly marks: Swept[];
  /** What the store has open, by position. */
  readonly open: Map<string, Offer>;
  /** All there ever were, by position. */
  readonly offers: ReadonlyMap<string, Offer>;
  readonly random: (below: number) => number;
  newOffer(): Offer;
  /** The branch that its key is to the sweep; `null`: none. */
  keyBranch(offer: Offer): string | null;
  stored(offers: readonly Offer[]): void;
}

export class LoadEngine {
  readonly queue: Queue;
  isAlive = true;
  /** The queue it was attached to is there no more. */
  isLost = false;
  readonly #name: string;
  readonly #world: LoadWorld;
  /** Positions by claim. */
  readonly #held = new Map<string, Set<string>>();
  #asking: Promise<unknown> = Promise.resolve();

  constructor(name: string, queue: Queue, world: LoadWorld) {
    this.#name = name;
    this.queue = queue;
    this.#world = world;
  }

  /** When what it has asked for so far has been answered. */
  answered(): Promise<unknown> {
    return this.#asking;
  }

  async attach(): Promise<Attachment> {
    this.isLost = false;
    return this.queue.attach(this.#name, loadLeaseMs);
  }

  async announce(isSilent: boolean): Promise<void> {
    const held = [...this.#held].map(([id, positions]) => ({
      id,
      slices: [...positions].map(at => this.#world.offers.get(at)!),
    }));
    await this.queue.announce(this.#name, isSilent ? [] : held, loadLeaseMs);
  }

  /** Some calls; dying behind them, perhaps with a claim on its way that it will never see. */
  async work(calls: number, isDying: boolean): Promise<void> {
    const { random } = this.#world;
    for (let left = calls; left > 0 && this.isAlive && !this.isLost; left--) {
      const what = random(10);
      if (what < 4) await this.claim(1 + random(5));
      else if (what < 7) await this.#end('settle', 1 + random(4));
      else if (what < 8) await this.#end('release', 1 + random(2));
      else if (what < 9) await this.#offer();
      else await this.#lossy(() => this.#withdrawAndOffer());
    }
    if (!isDying || !this.isAlive) return;
    const onItsWay = random(2) === 0 ? this.queue.claim(this.#request(5)) : null;
    this.die();
    await this.#lossy(async () => onItsWay);
  }

  async finish(): Promise<void> {
    await this.claim(20);
    await this.#end('settle', 1_000);
  }

  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#held.clear();
    this.#world.marks.push({ kind: 'killed', engine: this.#name });
  }

  async renew(): Promise<void> {
    for (const gone of await this.queue.extend([...this.#held.keys()], loadLeaseMs)) this.#held.delete(gone);
  }

  /** It goes on, and is to find out by itself that others have what it held. */
  lapse(): void {
    this.#world.marks.push({ kind: 'lapsed', engine: this.#name }, { kind: 'back', engine: this.#name });
  }

  #request(limit: number) {
    return { engine: this.#name, limit, leaseMs: loadLeaseMs };
  }

  async claim(limit: number): Promise<void> {
    await this.#lossy(async () => {
      const asking = this.queue.claim(this.#request(limit));
      const begun = asking.then(claim => {
        if (claim.kind === 'claimed' && this.isAlive) this.#begin(claim);
      });
      // Who waits for it to be over is not who asked: that one is told of an error below.
      this.#asking = begun.catch(() => undefined);
      await begun;
    });
    await this.#settleDone();
  }

  #begin({ id, slices }: Claim): void {
    const positions = positionsOf(slices);
    this.#held.set(id, new Set(positions));
    for (const at of positions) {
      const offer = this.#world.open.get(at);
      // What may have been done is read from the store before it runs; it goes back in `#settleDone`.
      if (offer === undefined) continue;
      const begun = { kind: 'begin', engine: this.#name, what: `${this.#name} ${at}` } as const;
      this.#world.marks.push({ ...begun, execution: `${id} ${at}`, workflow: offer.name });
      const branch = this.#world.keyBranch(offer);
      if (branch === null) continue;
      this.#world.marks.push({ ...begun, execution: `${id} ${at} by key`, workflow: `${branch}flow` });
    }
  }

  async #settleDone(): Promise<void> {
    for (const [id, positions] of [...this.#held]) {
      const done = [...positions].filter(at => !this.#world.open.has(at));
      if (done.length > 0) await this.#giveBack('settle', id, done);
    }
  }

  async #offer(): Promise<void> {
    const offer = this.#world.newOffer();
    this.#world.stored([offer]);
    await this.#lossy(() => this.queue.offer([offer]));
  }

  async #end(how: 'settle' | 'release', members: number): Promise<void> {
    const { random } = this.#world;
    const claims = [...this.#held];
    let left = members;
    for (let at = random(Math.max(1, claims.length)); left > 0 && claims.length > 0; at++) {
      const [[id, positions]] = claims.splice(at % claims.length, 1) as [[string, Set<string>]];
      const some = [...positions].slice(0, left);
      left -= some.length;
      if (how === 'settle') for (const position of some) this.#world.open.delete(position);
      await this.#giveBack(how, id, some);
    }
  }

  async #giveBack(how: 'settle' | 'release', id: string, positions: readonly string[]): Promise<void> {
    // It has ended before it is given back.
    for (const at of positions) {
      const execution = `${id} ${at}`;
      this.#world.marks.push({ kind: 'end', execution }, { kind: 'end', execution: `${execution} by key` });
      this.#held.get(id)?.delete(at);
    }
    if (this.#held.get(id)?.size === 0) this.#held.delete(id);
    await this.#lossy(() => this.queue[how](id, positions.map(sliceOf)));
  }

  /** What is taken out goes back in. */
  async #withdrawAndOffer(): Promise<void> {
    const positions = [...this.#world.open.keys()];
    const from = this.#world.random(positions.length + 1);
    const some = positions.slice(from, from + 3);
    const withdrawn = positionsOf(await this.queue.withdraw(some.map(sliceOf)));
    await this.queue.offer(withdrawn.flatMap(at => this.#world.open.get(at) ?? []));
  }

  async #lossy(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'QUEUE_LOST') throw error;
      this.isLost = true;
    }
  }
}

function sliceOf(position: string): Slice {
  const [segment, at] = position.split(':');
  return { segment: segment!, from: Number(at), to: Number(at) + 1 };
}
