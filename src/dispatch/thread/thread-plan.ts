// A plan prepared for running in this thread: each place with its action bound, and the paths transactions take.
//
// A path is a node of a tree that grows as transactions run: members that took the same path stand on the same node,
// so grouping outcomes compares one reference instead of arrays.

import type { Place, Plan, PlanAction } from '../../workflow/plan.js';
import { ActionFault, type BuiltInAction, type PlacedAction } from '../action.js';

/** What the thread's entry knows and this room may not import. */
export interface ThreadWorld {
  readonly actions: Readonly<Record<string, BuiltInAction>>;
  /** Where a context goes when the action at a place has finished. */
  readonly follow: (plan: Plan, place: Place) => Place;
}

export class ThreadPlace {
  readonly action: PlacedAction;
  readonly givesResult: boolean;
  readonly timeoutMs: number;
  /** Its last synchronous part took long: outcomes that wait are sent before it begins. Unknown counts as long. */
  isSlow = true;

  constructor(
    readonly planAction: PlanAction,
    world: ThreadWorld,
  ) {
    const builtIn = world.actions[planAction.action.type];
    this.givesResult = builtIn?.givesResult ?? false;
    this.action = prepared(planAction, builtIn);
    this.timeoutMs = planAction.timeoutMs ?? Number.POSITIVE_INFINITY;
  }
}

/** An action that cannot be prepared fails each member that comes to it: every other place of the plan is as good. */
function prepared(planAction: PlanAction, builtIn: BuiltInAction | undefined): PlacedAction {
  const { name, action } = planAction;
  try {
    if (builtIn !== undefined) return builtIn.prepare(planAction);
    throw new ActionFault('ActionUnknown', `action "${name}": there is no type "${action.type}"`);
  } catch (thrown) {
    return {
      run: () => {
        throw thrown;
      },
    };
  }
}

export class PathNode {
  readonly #plan: ThreadPlan;
  readonly #next = new Map<Place, PathNode>();
  /** Where a transaction that completed with this path stands: the break it reached, or `END`. */
  readonly reached: Place;
  /** The same when the transaction ends here, else the place to run next, as `next` gives it. */
  readonly ends: boolean;

  constructor(
    readonly place: ThreadPlace,
    /** Places of the actions that ran, in order, this one last. */
    readonly path: readonly Place[],
    plan: ThreadPlan,
  ) {
    this.#plan = plan;
    this.reached = plan.follow(place.planAction.place);
    this.ends = this.reached < 0 || plan.places[this.reached]!.planAction.isBreak;
  }

  /** The node after this one; only when the transaction does not end here. */
  next(): PathNode {
    let node = this.#next.get(this.reached);
    if (node === undefined) {
      node = new PathNode(this.#plan.places[this.reached]!, [...this.path, this.reached], this.#plan);
      this.#next.set(this.reached, node);
    }
    return node;
  }
}

export class ThreadPlan {
  readonly places: readonly ThreadPlace[];
  readonly #roots = new Map<Place, PathNode>();

  constructor(
    readonly plan: Plan,
    readonly world: ThreadWorld,
  ) {
    this.places = plan.actions.map(planAction => new ThreadPlace(planAction, world));
  }

  follow(place: Place): Place {
    return this.world.follow(this.plan, place);
  }

  /** Where transactions that begin at `place` begin. */
  root(place: Place): PathNode {
    let node = this.#roots.get(place);
    if (node === undefined) {
      node = new PathNode(this.places[place]!, [place], this);
      this.#roots.set(place, node);
    }
    return node;
  }
}
