// Finding the holder of a folder, or becoming it: connect; where nobody listens, take the lock; neither, once more in a
// moment.

import type { Clock } from '../../../observe/clock.js';
import { EngineError } from '../../../observe/errors.js';
import { migrate } from '../../migrations/index.js';
import { PortClient } from '../port-client.js';
import type { SocketPaths } from '../socket-path.js';
import { foreignBytesMax } from '../thread-protocol.js';
import { openPgliteFolder, type PgliteFolderOptions, type ThreadedDriver } from '../threaded.js';
import { connectToHolder } from './connect.js';
import type { Terms } from './hello.js';
import { StoreUnavailable } from './unavailable.js';

export type FoundRole =
  | { readonly kind: 'client'; readonly driver: PortClient }
  | { readonly kind: 'holder'; readonly driver: ThreadedDriver };

/** An attempt that came to nothing. */
export interface Failed {
  readonly kind: 'failed';
  readonly error: Error;
  /** Another attempt may well succeed. */
  readonly passes: boolean;
}

export interface SearchOptions {
  /** To open the folder with. */
  readonly options: PgliteFolderOptions;
  readonly terms: Terms;
  readonly paths: SocketPaths;
  readonly mayHold: boolean;
  readonly clock: Clock;
  /** Ends the search. */
  readonly signal: AbortSignal;
}

/** Between attempts: doubled from the first to the most, or long where opening fails; less up to a half, so that not all
 * come at once. */
const pauseMs = { first: 10, most: 250, afterFault: 2_000 } as const;

export class HolderSearch {
  readonly #search: SearchOptions;

  constructor(search: SearchOptions) {
    this.#search = search;
  }

  /**
   * Try until there is a role; `null` when the search was ended.
   *
   * @param onFailure told of each attempt that came to nothing; ends the search by throwing
   */
  async role(onFailure: (failure: Failed) => void): Promise<FoundRole | null> {
    for (let attempt = 0; !this.#search.signal.aborted; attempt++) {
      const answer = await this.#attempt();
      if (answer.kind !== 'failed') return answer;
      onFailure(answer);
      const ms = answer.passes ? Math.min(pauseMs.first * 2 ** attempt, pauseMs.most) : pauseMs.afterFault;
      await this.#pause(ms * (1 - Math.random() / 2));
    }
    return null;
  }

  async #attempt(): Promise<FoundRole | Failed> {
    const { paths, terms, clock, signal, mayHold, options } = this.#search;
    const connected = await connectToHolder(paths, terms, clock, signal);
    switch (connected.kind) {
      case 'connected': {
        const driver = new PortClient(connected.channel, unavailable, foreignBytesMax);
        driver.endReason = 'the connection to the process that holds the store was lost';
        return { kind: 'client', driver };
      }
      case 'silent':
        return passing(`whoever holds the store in "${options.folder}" does not answer`);
      case 'refused':
        return { kind: 'failed', error: connected.error, passes: false };
      case 'nobody':
        return mayHold ? this.#hold() : passing(`nobody holds the store in "${options.folder}"`);
    }
  }

  async #hold(): Promise<FoundRole | Failed> {
    const { options, terms } = this.#search;
    let driver: ThreadedDriver | null = null;
    try {
      driver = await openPgliteFolder(options, unavailable);
      await migrate(driver); // D2
      await driver.listen(options.folder, terms);
      return { kind: 'holder', driver };
    } catch (error) {
      await driver?.close();
      // Whoever has the lock is about to serve, or never will: it is asked again for a while.
      const passes = error instanceof EngineError && error.code === 'STORE_LOCKED';
      return { kind: 'failed', error: error as Error, passes };
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const { signal, clock } = this.#search;
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.setTimer(ms, done);
      if (signal.aborted) done();
      else signal.addEventListener('abort', done);
    });
  }
}

function passing(message: string): Failed {
  return { kind: 'failed', error: new StoreUnavailable(message, false), passes: true };
}

function unavailable(reason: string, wasSent: boolean): StoreUnavailable {
  return new StoreUnavailable(reason, wasSent);
}
