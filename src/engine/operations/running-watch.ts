// Looks about once a second at what the store says of what executes here, and this engine has not done itself.

import type { Clock } from '../../observe/clock.js';
import { Rounds } from '../rounds.js';

/** Between two looks; what has been executing for less is looked at the next time. */
export const lookEveryMs = 1_000;

/** COST nothing, or next to it, while nothing executes that it is about. */
export type Look = () => Promise<void>;

interface World {
  readonly clock: Clock;
  /** Told of a look that failed: the next one comes all the same. */
  readonly failed: (error: unknown) => void;
}

export class RunningWatch {
  readonly #rounds: Rounds;

  constructor(looks: readonly Look[], { clock, failed }: World) {
    const round = async (): Promise<void> => {
      await Promise.all(looks.map(look => look().catch(failed)));
    };
    this.#rounds = new Rounds(round, lookEveryMs, clock);
  }

  start(): void {
    this.#rounds.start();
  }

  /** A look under way is not waited for. */
  stop(): void {
    void this.#rounds.stop();
  }
}
