// Those who bring triggers what they wait for, as one part of the engine.

import type { Commit } from '../../store/contract.js';
import { AuditWatch } from './audit-watch.js';
import { Messenger } from './messages.js';

export class Bringers {
  readonly #messenger: Messenger;
  readonly #audit: AuditWatch;

  constructor(world: ConstructorParameters<typeof Messenger>[0] & ConstructorParameters<typeof AuditWatch>[0]) {
    this.#messenger = new Messenger(world);
    this.#audit = new AuditWatch(world);
  }

  start(): void {
    this.#messenger.start();
    this.#audit.start();
  }

  /** Resolves when nothing is being brought. */
  async stop(): Promise<void> {
    await Promise.all([this.#messenger.stop(), this.#audit.stop()]);
  }

  /** A commit is durable. */
  committed(commit: Commit): void {
    this.#messenger.committed(commit);
    this.#audit.committed(commit);
  }
}
