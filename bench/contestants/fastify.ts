// Fastify alone, in `submit`: the ceiling of what any service over HTTP could take in on this machine from our client.
// It stores nothing.

import { type Client, createClient } from '../../src/client/index.js';
import type { Contestant, Outcome, Setting } from '../contestant.js';
import type { Scenario } from '../scenarios/scenario.js';
import { Forked } from '../servers/forked.js';
import { submitRound } from '../submit-round.js';

export function createFastifyAlone(): Contestant {
  return new FastifyAlone();
}

class FastifyAlone implements Contestant {
  readonly name = 'fastify';
  #server: Forked | undefined;
  #client!: Client;
  #failed: (error: Error) => void = () => {};

  refuses(scenario: Scenario): string | null {
    return scenario.arrival === 'submit' ? null : 'it executes nothing';
  }

  async prepare(): Promise<string> {
    this.#server = await Forked.start(
      new URL('../servers/fastify-alone.js', import.meta.url),
      {},
      {
        onEnded: () => {},
        onFailed: error => this.#failed(error),
      },
    );
    this.#client = createClient({ urls: [this.#server.url!] });
    return 'parses every line and answers, stores nothing; a process of its own, our client, 4 batches of 500 under way';
  }

  async run(setting: Setting): Promise<Outcome> {
    const { pid, url } = this.#server!;
    const stored = async () => ((await (await fetch(`${url}/count`)).json()) as { count: number }).count;
    const failed = new Promise<never>((_, reject) => {
      this.#failed = reject;
    });
    return Promise.race([submitRound({ client: this.#client, pid, stored }, setting), failed]);
  }

  async close(): Promise<void> {
    this.#failed = () => {};
    await this.#server?.stop();
  }
}
