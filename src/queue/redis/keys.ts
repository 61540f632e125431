// The names of everything a queue has in Redis, under one hash tag: a script may touch several keys, so in a cluster all
// of them live in one slot (D7: Redis Cluster gives failover, not scale).

/** Keys of a queue, by its name. The scripts make the rest from the root of an epoch: see `parts/epoch.lua`. */
export class QueueKeys {
  readonly #tag: string;

  constructor(name: string) {
    this.#tag = `{millrace:${name}}`;
  }

  /** Hash: which epoch there is, and who fills it. */
  get epoch(): string {
    return `${this.#tag}:epoch`;
  }

  /** Set: the counters of every epoch, to drop those that are over. */
  get epochs(): string {
    return `${this.#tag}:epochs`;
  }

  /** Hash of an epoch, and the root of its other keys. */
  counters(epoch: string): string {
    return `${this.#tag}:${epoch}`;
  }

  /** Channel on which it is told that something may be ready. */
  get ready(): string {
    return `${this.epoch}:ready`;
  }

  /** Channel on which it is told that an engine has left. */
  get left(): string {
    return `${this.epoch}:left`;
  }
}
