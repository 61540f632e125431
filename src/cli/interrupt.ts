// Ctrl-C and SIGTERM: the first asks for a graceful stop, the second ends the process at once. Nothing acknowledged is
// lost either way.

import { exitCodes } from './exit.js';

export class Interrupt {
  #signal: 'SIGINT' | 'SIGTERM' | null = null;
  #ask: () => void = () => undefined;
  /** Resolves when somebody asks to stop. */
  readonly asked = new Promise<void>(resolve => {
    this.#ask = resolve;
  });

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (this.#signal !== null) process.exit(exitCodes.interrupted[signal]);
        this.#signal = signal;
        this.#ask();
      });
    }
  }

  get isAsked(): boolean {
    return this.#signal !== null;
  }

  /** The exit code of a run that was stopped; `null` when nobody asked. */
  get exitCode(): number | null {
    return this.#signal === null ? null : exitCodes.interrupted[this.#signal];
  }
}
