// Ctrl-C, SIGTERM, and a reader of our output that leaves (`millrace run ... | head`): the first asks for a graceful
// stop, a further signal ends the process at once. Nothing acknowledged is lost either way.

import { exitCodes } from './exit.js';

export class Interrupt {
  #signal: keyof typeof exitCodes.interrupted | null = null;
  #ask: () => void = () => undefined;
  /** Resolves when somebody asks to stop. */
  readonly asked = new Promise<void>(resolve => {
    this.#ask = resolve;
  });

  /** @param onSecond what else is to end at once with this process */
  constructor(onSecond: () => void = () => undefined) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (this.#signal !== null) {
          onSecond();
          process.exit(exitCodes.interrupted[signal]);
        }
        this.#stopFor(signal);
      });
    }
  }

  /** Nobody reads what is printed any more; may be told often. */
  readerLeft(): void {
    if (this.#signal === null) this.#stopFor('SIGPIPE');
  }

  /** The process that started this one is gone, and with it whoever could stop it. */
  parentLeft(): void {
    if (this.#signal === null) this.#stopFor('SIGTERM');
  }

  get isAsked(): boolean {
    return this.#signal !== null;
  }

  /** The exit code of a run that was stopped; `null` when nobody asked. */
  get exitCode(): number | null {
    return this.#signal === null ? null : exitCodes.interrupted[this.#signal];
  }

  #stopFor(signal: keyof typeof exitCodes.interrupted): void {
    this.#signal = signal;
    this.#ask();
  }
}
