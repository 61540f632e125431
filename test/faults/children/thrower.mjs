// Operations thrown at random programs, one after the other: none of them changes what the programs come to.

import { setTimeout as later } from 'node:timers/promises';

const pauseMs = 100;
const expedited = '/programs/expedited/';
const tellAfterMs = 20_000;

export class Thrower {
  #engine;
  /** Names, and instances, of those that are expedited. */
  #expedited;
  #others;
  #ids;
  #names;
  #state;

  constructor(engine, { programs, others, submitted, seed }) {
    this.#engine = engine;
    this.#expedited = programs.flatMap(({ name }, at) => (name.startsWith(expedited) ? [name, ...submitted[at]] : []));
    this.#others = others.map(({ name }) => name);
    this.#names = programs.map(({ name }) => name);
    this.#ids = submitted.flat();
    this.#state = seed >>> 0;
  }

  /** Until as many have been thrown; what is paused then, or was when the engine was killed, goes on. */
  async run(count) {
    await this.#engine.resume('/');
    for (let thrown = 0; thrown < count; thrown++) {
      await this.#throw();
      await later(this.#below(20));
    }
    await this.#engine.resume('/');
  }

  /** Expedites what waits for it, until it is stopped; says what is left when that takes long. */
  letGo() {
    const stopping = new AbortController();
    const beganMs = performance.now();
    const going = (async () => {
      let hasTold = false;
      while (!stopping.signal.aborted) {
        await this.#engine.expedite(expedited);
        await later(pauseMs);
        if (hasTold || performance.now() - beganMs < tellAfterMs) continue;
        hasTold = true;
        for (const { workflow, state, instances } of await this.#engine.count('/programs/'))
          console.log(`left: ${instances} of ${workflow}, ${state}`);
      }
    })();
    return { stop: () => (stopping.abort(), going) };
  }

  async #throw() {
    const engine = this.#engine;
    switch (this.#below(14)) {
      case 0:
        return this.#paused('/programs/');
      case 1:
        return this.#paused(this.#one(this.#names));
      case 2:
        return this.#paused(this.#one(this.#ids));
      case 3:
        return engine.interrupt('/programs/');
      case 4:
        return engine.interrupt(this.#one(this.#names));
      case 5:
        return engine.interrupt(this.#one(this.#ids));
      case 6:
        return engine.expedite(this.#one(this.#expedited));
      case 7:
        return engine.expedite(expedited);
      case 8:
        return engine.recover('/programs/');
      case 9:
        return engine.raiseSignal('/programs/', 'outside');
      case 10:
        return engine.clearSignal('/programs/', 'outside');
      case 11:
        return engine.publish({ publisher: '/outside/news', data: { n: this.#below(2) } });
      case 12:
        return engine.submit({ workflow: this.#one(this.#others), input: {} });
      default:
        return this.#below(2) === 0 ? engine.remove('/removed/') : engine.restart(this.#one(this.#others));
    }
  }

  async #paused(target) {
    await this.#engine.pause(target);
    await later(this.#below(30));
    await this.#engine.resume(target);
  }

  #one(list) {
    return list[this.#below(list.length)];
  }

  #below(limit) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
}
