// The state of an instance while the happenings of one commit are applied to it: what stands anew, what leaves.
//
// Invariants:
//   W1. `living` of a scope counts its contexts that are not JOINING, also those that stand since this commit.
//   W2. A context is in `standing` or in `leaving` or in neither (nothing happened to it), never in both.

import type { Place, Plan } from '../../workflow/plan.js';
import type { Happening, Source, Standing, Step, StoredContext } from './happening.js';
import type { Signalled } from './signals.js';
import type { Scope, SharedState } from './state.js';

export interface SharedWorld {
  plan(workflow: number): Plan;
  /** All contexts in the store; `null`: `joinsOrWithdraws` (needs.ts) says that they need not be known. */
  readonly stored: readonly StoredContext[] | null;
}

export class Working {
  readonly standing = new Map<number, Standing>();
  readonly leaving = new Set<number>();
  readonly dropped: number[] = [];
  readonly submits: Step['submits'][number][] = [];
  readonly signalled: Signalled[] = [];
  end: Step['end'] = null;
  /** Contexts of this commit's happenings: they have left where they were anyway. */
  readonly #touched: ReadonlySet<number>;
  /** Those of them whose happening has not been applied yet: they can still be withdrawn (J2). */
  readonly #pending: Map<number, StoredContext>;

  constructor(
    readonly state: SharedState,
    readonly world: SharedWorld,
    happenings: readonly Happening[],
  ) {
    this.#touched = new Set(happenings.map(({ context }) => context || 1));
    // An operation meets contexts wherever they stand, at a join too, where they do not live.
    const states = new Map((world.stored ?? []).map(({ context, state }) => [context || 1, state]));
    this.#pending = new Map(
      happenings.map(({ context: number, scope, workflow, place, hasRun }) => {
        const context = number || 1;
        return [context, { context, scope, workflow, place, hasRun, state: states.get(context) ?? 'ready' }];
      }),
    );
  }

  /** The happening of the context is applied now; `false`: it has been withdrawn meanwhile. */
  take(context: number): boolean {
    return this.#pending.delete(context);
  }

  /** The context in the store whose text is what this one has written: itself, or where it comes from in this commit. */
  written(context: number): number {
    const known = this.standing.get(context);
    return known?.source.kind === 'of' ? known.source.context : context;
  }

  scope(number: number): Scope {
    const scope = this.state.open[number];
    if (scope === undefined) throw new Error(`scope ${number} is not open`);
    return scope;
  }

  newContext(): number {
    this.state.contexts += 1;
    return this.state.contexts;
  }

  newScope(scope: Omit<Scope, 'living' | 'joins'>): number {
    this.state.scopes += 1;
    this.state.open[this.state.scopes] = { ...scope, living: 0, joins: {} };
    return this.state.scopes;
  }

  /** A context stands; `living` is the caller's. */
  stand(standing: Standing): void {
    this.leaving.delete(standing.context);
    this.standing.set(standing.context, standing);
  }

  /** A context goes; `living` is the caller's. */
  leave(context: number): void {
    this.standing.delete(context);
    this.#pending.delete(context);
    if (!this.#touched.has(context)) this.leaving.add(context);
  }

  /**
   * A living context comes to a place, where it is to run: at once, or when the mutex there is free.
   *
   * @param hasRun it is behind the action
   * @param isRetry it comes back to where its transaction began
   */
  arrive(
    context: number,
    scope: number,
    workflow: number,
    place: Place,
    hasRun: boolean,
    from: number,
    source: Source,
    isRetry = false,
  ): void {
    const again = isRetry ? ({ isRetry } as const) : {};
    const mutex = hasRun ? null : this.world.plan(workflow).actions[place]!.mutex;
    let state: Standing['state'] = 'ready';
    if (mutex !== null) {
      const held = Object.hasOwn(this.state.mutexes, mutex) ? this.state.mutexes[mutex] : undefined;
      if (held === undefined) this.state.mutexes[mutex] = { holder: context, waiting: [] };
      else if (held.holder !== context) {
        // One that comes there twice in a commit keeps its turn.
        const isQueued = held.waiting.some(waiting => waiting.context === context);
        if (!isQueued) held.waiting.push({ context, scope, workflow, place, ...again });
        state = 'waiting';
      }
    }
    this.stand({ context, scope, workflow, place, hasRun, state, from, source, ...again });
  }

  /** A context that stands FAILED keeps others from the mutex where it stands, unless one of them has it. */
  hold(context: number, mutex: string | null): void {
    if (mutex !== null && !Object.hasOwn(this.state.mutexes, mutex))
      this.state.mutexes[mutex] = { holder: context, waiting: [] };
  }

  /** The context holds and awaits no mutex any more; who has waited longest is next. */
  release(context: number): void {
    for (const [name, mutex] of Object.entries(this.state.mutexes)) {
      mutex.waiting = mutex.waiting.filter(waiting => waiting.context !== context);
      if (mutex.holder !== context) continue;
      const next = mutex.waiting.shift();
      if (next === undefined) {
        delete this.state.mutexes[name];
        continue;
      }
      mutex.holder = next.context;
      // It may have come in this very commit, and then brings its variables along.
      const known = this.standing.get(next.context);
      const { context: number, ...stands } = next;
      this.stand(
        known !== undefined
          ? { ...known, state: 'ready' }
          : {
              context: number,
              ...stands,
              hasRun: false,
              state: 'ready',
              from: number,
              source: { kind: 'of', context: number },
            },
      );
    }
  }

  /** `scope` and all that are open inside of it. */
  below(scope: number): Set<number> {
    const found = new Set([scope]);
    // A scope's number is above its parent's.
    for (const [number, { parent }] of Object.entries(this.state.open)) {
      if (parent !== null && found.has(parent)) found.add(Number(number));
    }
    return found;
  }

  /** Contexts there are now: those of the store as this commit leaves them, and those whose happening is still to come. */
  contexts(): StoredContext[] {
    const stored = (this.world.stored ?? []).filter(
      ({ context }) => !this.leaving.has(context) && !this.standing.has(context) && !this.#touched.has(context || 1),
    );
    // One may stand anew by what happened to another, before its own happening is applied.
    const pending = [...this.#pending.values()].filter(({ context }) => !this.standing.has(context));
    return [...stored, ...pending, ...this.standing.values()];
  }

  /** Everything inside of the scopes goes, and they with it. */
  drop(scopes: ReadonlySet<number>): void {
    for (const { context, scope } of this.contexts()) {
      if (!scopes.has(scope)) continue;
      this.leave(context);
      this.release(context);
    }
    for (const scope of scopes) delete this.state.open[scope];
  }
}
