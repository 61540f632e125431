// Who waits for an instance, and what they are told. Waiters are kept by root, so that a commit of thousands costs a
// look-up a root and nothing when nobody waits.

import { EngineError } from '../../observe/errors.js';
import type { LogEvents } from '../../observe/log-events.js';
import { clearBitsOf } from '../../store/bitmap.js';
import type { Body, Failure, Outcome, Segment, Store } from '../../store/contract.js';
import { instanceId, splitInstanceId } from '../../workflow/instance-id.js';
import type { Json } from '../../workflow/model.js';
import { HeldBody } from '../claims/held-body.js';
import type { BuiltCommit } from './commit-builder.js';
import { type EndedInstances, type EndedListener, endedIn } from './ended.js';
import { errorAt } from './failures.js';

/** How an instance ended, or that it stands FAILED, with one of its flow contexts, and waits to be recovered. */
export interface InstanceResult {
  readonly instance: string;
  readonly state: 'finished' | 'removed' | 'failed';
  /** What the last action returned; `null` unless finished. */
  readonly result: Json;
  /** What it failed with; `null` unless failed. */
  readonly error: Failure | null;
}

interface Waiter {
  readonly resolve: (result: InstanceResult) => void;
  readonly reject: (error: Error) => void;
}

/** Bounds what is remembered of recent submits; a root that is forgotten costs a look-up. */
const untouchedMax = 10_000;

export class Results {
  readonly #store: Store;
  readonly #log: LogEvents;
  readonly #isShared: boolean;
  readonly #waiting = new Map<string, Map<number, Waiter[]>>();

  readonly #listeners = new Set<EndedListener>();

  /** Roots submitted by this engine of which nothing has ended or failed yet, with how many instances they have. */
  readonly #untouched = new Map<string, number>();

  /** Listeners whose throwing has been logged. */
  readonly #failing = new WeakSet<EndedListener>();

  /** @param isShared other engines end instances too */
  constructor(store: Store, log: LogEvents, isShared = false) {
    this.#isShared = isShared;
    this.#store = store;
    this.#log = log;
  }

  /**
   * The end of an instance: at once if it has left, else when it does or when it stands FAILED.
   *
   * @param signal stops waiting; what is thrown then is its reason
   * @throws EngineError `INSTANCE_UNKNOWN`; `ENGINE_STOPPED` when the engine is disposed of first
   */
  async of(instance: string, signal?: AbortSignal): Promise<InstanceResult> {
    const parts = splitInstanceId(instance);
    if (parts === null) throw new EngineError('INSTANCE_UNKNOWN', `"${instance}" is no instance id`);
    signal?.throwIfAborted();
    // Wait first, then look: it may leave in between.
    const arrived = new Promise<InstanceResult>((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#add(parts.root, parts.ordinal, waiter);
      signal?.addEventListener('abort', () => this.#abandon(parts.root, parts.ordinal, waiter, signal.reason), {
        once: true,
      });
    });
    // Submitted here and nothing of its root has ended: there is nothing to look up.
    if (parts.ordinal < (this.#untouched.get(parts.root) ?? 0)) return arrived;
    void this.now(instance).then(
      result => {
        if (result !== null) for (const waiter of this.#take(parts.root, parts.ordinal)) waiter.resolve(result);
      },
      (error: Error) => {
        for (const waiter of this.#take(parts.root, parts.ordinal)) waiter.reject(error);
      },
    );
    return arrived;
  }

  /** As `of`, without waiting: `null` while it has neither ended nor failed. */
  async now(instance: string): Promise<InstanceResult | null> {
    const parts = splitInstanceId(instance);
    if (parts === null) throw new EngineError('INSTANCE_UNKNOWN', `"${instance}" is no instance id`);
    // Elsewhere it may have ended although nothing of its root has here.
    if (!this.#isShared && parts.ordinal < (this.#untouched.get(parts.root) ?? 0)) return null;
    const located = await this.#store.locate(instance);
    if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance has the id ${instance}`);
    if (located.kind === 'open') {
      const failed = located.contexts.find(({ segment }) => segment.state === 'failed');
      if (failed === undefined) return null;
      return { instance, state: 'failed', result: null, error: errorAt(failed.segment, failed.position) };
    }
    const { outcome } = located;
    const [body] = outcome.body === null ? [] : await this.#store.bodies([outcome.body]);
    return ended(outcome, parts.ordinal, body === undefined ? null : new HeldBody(body));
  }

  /** Tell `listener` of everything that ends from now on. Returns what stops it. */
  listen(listener: EndedListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Instances of a root have become durable. */
  submitted(root: string, members: number): void {
    this.#untouched.set(root, members);
    if (this.#untouched.size > untouchedMax) this.#untouched.delete(this.#untouched.keys().next().value!);
  }

  /** A commit has been acknowledged. What a listener throws is its own: it is logged once, the others are told. */
  ended(built: BuiltCommit): void {
    if (this.#listeners.size === 0) return;
    for (const ended of endedIn(built)) for (const listener of this.#listeners) this.#tell(listener, ended);
  }

  #tell(listener: EndedListener, ended: EndedInstances): void {
    try {
      listener(ended);
    } catch (error) {
      if (this.#failing.has(listener)) return;
      this.#failing.add(listener);
      this.#log.listenerFailed({ error });
    }
  }

  /** Instances have left in a commit. */
  left(outcomes: readonly Outcome[], bodies: readonly Body[]): void {
    for (const { root } of outcomes) this.#untouched.delete(root);
    if (this.#waiting.size === 0) return;
    for (const outcome of outcomes) {
      if (!this.#waiting.has(outcome.root)) continue;
      const found = outcome.body === null ? undefined : bodies.find(({ id }) => id === outcome.body);
      const body = found === undefined ? null : new HeldBody(found);
      for (const ordinal of outcome.ordinals) {
        for (const waiter of this.#take(outcome.root, ordinal)) waiter.resolve(ended(outcome, ordinal, body));
      }
    }
  }

  /** Instances stand somewhere new. */
  stood(segments: readonly Segment[]): void {
    for (const { root, state } of segments) if (state === 'failed') this.#untouched.delete(root);
    if (this.#waiting.size === 0) return;
    for (const segment of segments) {
      if (segment.state !== 'failed' || !this.#waiting.has(segment.root)) continue;
      // Only those who stand there: one who was recovered alone is waited for elsewhere.
      for (const position of clearBitsOf(segment.gone, segment.ordinals.length)) {
        const ordinal = segment.ordinals[position]!;
        const instance = instanceId(segment.root, ordinal);
        for (const waiter of this.#take(segment.root, ordinal))
          waiter.resolve({ instance, state: 'failed', result: null, error: errorAt(segment, position) });
      }
    }
  }

  /** Roots that are waited for. */
  awaited(): string[] {
    return [...this.#waiting.keys()];
  }

  /** Look in the store what has become of roots that are waited for: other engines may have ended them. */
  async lookUp(roots: readonly string[]): Promise<void> {
    const { outcomes, failed } = await this.#store.endsOf(roots);
    // Who begins to wait while bodies are read is told the next time.
    const asked = outcomes.filter(({ root, ordinals }) => this.#isAwaited(root, ordinals));
    const needed = asked.filter(({ body }) => body !== null);
    const bodies = await this.#store.bodies([...new Set(needed.map(({ body }) => body!))]);
    this.left(asked, bodies);
    this.stood(failed);
  }

  #isAwaited(root: string, ordinals: Uint16Array): boolean {
    const waiting = this.#waiting.get(root);
    return waiting !== undefined && ordinals.some(ordinal => waiting.has(ordinal));
  }

  /** Nobody will be told any more, for this reason. */
  close(error = new EngineError('ENGINE_STOPPED', 'the engine was disposed of before the instance ended')): void {
    for (const waiters of this.#waiting.values())
      for (const list of waiters.values()) for (const { reject } of list) reject(error);
    this.#waiting.clear();
    // Who asks from now on is answered by the store, or refused by it.
    this.#untouched.clear();
  }

  #add(root: string, ordinal: number, waiter: Waiter): void {
    const byOrdinal = this.#waiting.get(root) ?? new Map<number, Waiter[]>();
    this.#waiting.set(root, byOrdinal);
    byOrdinal.set(ordinal, [...(byOrdinal.get(ordinal) ?? []), waiter]);
  }

  /** Nobody is left who waits: nothing of it is kept. */
  #abandon(root: string, ordinal: number, waiter: Waiter, reason: unknown): void {
    waiter.reject(reason as Error);
    const byOrdinal = this.#waiting.get(root);
    const others = byOrdinal?.get(ordinal)?.filter(each => each !== waiter) ?? [];
    if (others.length > 0) byOrdinal!.set(ordinal, others);
    else this.#take(root, ordinal);
  }

  #take(root: string, ordinal: number): Waiter[] {
    const byOrdinal = this.#waiting.get(root);
    const waiters = byOrdinal?.get(ordinal) ?? [];
    byOrdinal?.delete(ordinal);
    if (byOrdinal?.size === 0) this.#waiting.delete(root);
    return waiters;
  }
}

function ended(outcome: Outcome, ordinal: number, body: HeldBody | null): InstanceResult {
  const text = body?.textOf(ordinal) ?? 'null';
  return {
    instance: instanceId(outcome.root, ordinal),
    state: outcome.state,
    result: outcome.state === 'finished' ? (JSON.parse(text) as Json) : null,
    error: null,
  };
}
