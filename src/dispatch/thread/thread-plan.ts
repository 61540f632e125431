// A plan prepared for running in this thread: each place with its action bound, and the paths transactions take.
//
// A path is a node of a tree that grows as transactions run: members that took the same path stand on the same node,
// so grouping outcomes compares one reference instead of arrays.

import type { ActionExit, Place, Plan, PlanAction, Route } from '../../workflow/plan.js';
import { ActionFault, type BuiltInAction, type PlacedAction } from '../action.js';

/** What the thread's entry knows and this room may not import. */
export interface ThreadWorld {
  readonly actions: Readonly<Record<string, BuiltInAction>>;
  readonly routeOf: (planAction: PlanAction) => Route;
}

/** Nodes of a plan's tree of paths. A transaction with many conditions has more paths than there are stars: past this
 * the tree grows anew, and what stands on the old one goes with its members. */
const nodesMax = 10_000;

export class ThreadPlace {
  readonly action: PlacedAction;
  readonly givesResult: boolean;
  readonly timeoutMs: number;
  readonly route: Route;
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
    this.route = world.routeOf(planAction);
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

/** How a node's action ended and what follows: members that left a node alike share one. */
export class NodeExit {
  #next: PathNode | null = null;
  /** The transaction ends here. */
  readonly ends: boolean;

  constructor(
    readonly node: PathNode,
    /** What the transaction comes to if it ends here. */
    readonly kind: 'completed' | 'failed',
    readonly how: ActionExit,
    /** The place that follows, or `END`; of a transaction that failed, the place where it did. */
    readonly reached: Place,
  ) {
    this.ends = kind === 'failed' || reached < 0 || node.plan.places[reached]!.planAction.isBreak;
  }

  /** How the actions of the path ended; `undefined`: all of them normally. */
  get exits(): readonly ActionExit[] | undefined {
    const { exits, path } = this.node;
    if (exits === null && (this.kind === 'failed' || this.how === 'normal')) return undefined;
    return [...(exits ?? path.slice(1).map((): ActionExit => 'normal')), this.how];
  }

  /** The node of the place that follows; only when the transaction does not end here. */
  next(): PathNode {
    const { plan, path } = this.node;
    this.#next ??= new PathNode(plan.places[this.reached]!, [...path, this.reached], this.exits ?? null, plan);
    return this.#next;
  }
}

export class PathNode {
  readonly #exits = new Map<string, NodeExit>();
  /** Where it leads when its action ends normally, whatever the variables are; `null` when they decide. */
  readonly fixed: NodeExit | null;
  readonly failed: NodeExit;

  constructor(
    readonly place: ThreadPlace,
    /** Places of the actions that ran, in order, this one last. */
    readonly path: readonly Place[],
    /** How those before this one ended; `null`: normally. */
    readonly exits: readonly ActionExit[] | null,
    readonly plan: ThreadPlan,
  ) {
    const { fixed } = place.route;
    this.fixed = fixed === null ? null : new NodeExit(this, 'completed', 'normal', fixed);
    this.failed = new NodeExit(this, 'failed', 'error', place.planAction.place);
    plan.grown();
  }

  exit(how: ActionExit, to: Place): NodeExit {
    const key = `${how} ${to}`;
    let exit = this.#exits.get(key);
    if (exit === undefined) {
      exit = new NodeExit(this, 'completed', how, to);
      this.#exits.set(key, exit);
    }
    return exit;
  }
}

export class ThreadPlan {
  readonly places: readonly ThreadPlace[];
  readonly #roots = new Map<Place, PathNode>();
  #nodes = 0;

  constructor(
    readonly plan: Plan,
    world: ThreadWorld,
  ) {
    this.places = plan.actions.map(planAction => new ThreadPlace(planAction, world));
  }

  /** Where transactions that begin at `place` begin. */
  root(place: Place): PathNode {
    let node = this.#roots.get(place);
    if (node === undefined) {
      node = new PathNode(this.places[place]!, [place], null, this);
      this.#roots.set(place, node);
    }
    return node;
  }

  /** A node more. */
  grown(): void {
    this.#nodes += 1;
    if (this.#nodes <= nodesMax) return;
    this.#roots.clear();
    this.#nodes = 0;
  }
}
