// What the actions of the pattern workflows tell: who runs and who is held.

import { BroadcastChannel } from 'node:worker_threads';
import { type Run, runsOf } from './trace.js';

interface Told {
  readonly kind: 'began' | 'ended' | 'open' | 'heard';
  readonly run: string;
  readonly instance: string;
  readonly action: string;
  readonly label: string;
  readonly isHeld: boolean;
}

interface ToldRun extends Run {
  readonly id: string;
  readonly instance: string;
  ended: number | null;
  isHeld: boolean;
}

export class Runs {
  readonly #channel = new BroadcastChannel('millrace-patterns');
  /** What is said here is heard behind everything that was told before. */
  readonly #beside = new BroadcastChannel('millrace-patterns');
  readonly #runs: ToldRun[] = [];
  #moment = 0;
  #lastHeard = '';
  #waiting: { isDone: () => boolean; resolve: () => void }[] = [];

  constructor() {
    this.#channel.unref();
    this.#beside.unref();
    this.#channel.onmessage = event => {
      this.#hear((event as { data: Told }).data);
      for (const waiter of this.#waiting.filter(({ isDone }) => isDone())) {
        this.#waiting = this.#waiting.filter(each => each !== waiter);
        waiter.resolve();
      }
    };
  }

  /** Of an instance, by when they began. */
  of(instance: string): Run[] {
    return this.#runs.filter(run => run.instance === instance);
  }

  /** Until each of the names has a run that has begun, or ended. */
  async until(instance: string, names: readonly string[], moment: 'began' | 'ended'): Promise<void> {
    const isDone = (): boolean =>
      names.every(name => runsOf(name, this.of(instance)).some(run => moment === 'began' || run.ended !== null));
    await this.#until(isDone);
  }

  /** Let the run of that name that is held longest go on, once there is one. */
  async open(instance: string, name: string): Promise<void> {
    const heldRun = (): ToldRun | undefined => runsOf(name, this.of(instance)).find(isHeld);
    await this.#until(() => heldRun() !== undefined);
    const run = heldRun()!;
    run.isHeld = false;
    this.#channel.postMessage({ kind: 'open', run: run.id });
  }

  /** Until everything that was told by now has been heard. */
  async heard(): Promise<void> {
    const run = `heard ${this.#moment}`;
    this.#beside.postMessage({ kind: 'heard', run });
    await this.#until(() => this.#lastHeard === run);
  }

  #hear({ kind, run: id, instance, action, label, isHeld }: Told): void {
    this.#moment += 1;
    if (kind === 'heard') this.#lastHeard = id;
    if (kind === 'began') this.#runs.push({ id, instance, action, label, isHeld, began: this.#moment, ended: null });
    const known = this.#runs.find(run => run.id === id);
    if (kind === 'ended' && known !== undefined) known.ended = this.#moment;
  }

  #until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise(resolve => this.#waiting.push({ isDone, resolve }));
  }
}

function isHeld(run: Run): run is ToldRun {
  return 'isHeld' in run && run.isHeld === true;
}
