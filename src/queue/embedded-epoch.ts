// The life of the embedded queue's only epoch: none, being filled, open. It ends with the process, so it cannot be lost,
// but it must be filled before anything is claimed, as anybody's.

import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { EngineError } from '../observe/errors.js';
import type { Attachment } from './contract.js';

interface Filler {
  readonly engine: string;
  readonly untilMs: number;
}

export class EmbeddedEpoch {
  /** A new one each time: what an earlier process claimed cannot be settled here. */
  readonly id = randomUUID();
  #state: 'none' | 'open' | Filler = 'none';
  readonly #announced = new Set<string>();

  get isAttached(): boolean {
    return this.#state !== 'none';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  attach(engine: string, nowMs: number, leaseMs: number): Attachment {
    if (this.#state === 'open') return 'open';
    if (this.#state !== 'none' && this.#state.engine !== engine && this.#state.untilMs >= nowMs) return 'filling';
    this.#state = { engine, untilMs: nowMs + leaseMs };
    return 'mine';
  }

  announce(engine: string): void {
    this.#announced.add(engine);
  }

  announced(): string[] {
    return [...this.#announced].sort();
  }

  open(): void {
    this.#state = 'open';
  }

  /** @throws EngineError `QUEUE_LOST` before the first `attach` (Q7) */
  assertAttached(): void {
    if (!this.isAttached) throw new EngineError('QUEUE_LOST', 'nobody has attached to the embedded queue');
  }

  /** Whether something can be set of a branch, which ends with a slash. @throws EngineError as `assertAttached` */
  assertTakes(branch: string): void {
    assert(branch.endsWith('/'), `branch "${branch}" must end with a slash`);
    this.assertAttached();
  }
}
