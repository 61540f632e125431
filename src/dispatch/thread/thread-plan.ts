// A plan prepared for running in this thread: each place with its action bound, and the paths transactions take.
//
// A path is a node of a tree that grows as transactions run: members that took the same path stand on the same node,
// so grouping outcomes compares one reference instead of arrays.

import type { ScriptLanguage } from '../../script/contract.js';
import {
  type ActionExit,
  type Demand,
  END,
  type Place,
  type Plan,
  type PlanAction,
  type Route,
} from '../../workflow/plan.js';
import { endsWithItself, isShared } from '../../workflow/signals.js';
import { ActionFault, type BuiltInAction, type PlacedAction } from '../action.js';
import type { OutcomeGroup } from '../protocol.js';
import { scriptPlacer, withScripts } from './scripts.js';
import { mapped, type Substitute, valuesOf } from './values.js';

/** What the thread's entry knows and this room may not import. */
export interface ThreadWorld {
  readonly actions: Readonly<Record<string, BuiltInAction>>;
  readonly routeOf: (planAction: PlanAction) => Route;
  readonly substitute: Substitute;
  /** By name; `null`, or absent: scripts are off. */
  readonly scripts?: ReadonlyMap<string, ScriptLanguage> | null;
}

/** Nodes of a plan's tree of paths. A transaction with many conditions has more paths than there are stars: past this
 * the tree grows anew, and what stands on the old one goes with its members. Demands count too, by their flows. */
const nodesMax = 10_000;
const flowsPerNode = 16;

/** Where flows lead: to a place, or to what is asked of the engine at the place they lead out of. */
export interface Way {
  readonly reached: Place;
  readonly demand: Demand | null;
}

export class ThreadPlace {
  readonly action: PlacedAction;
  readonly givesResult: boolean;
  readonly acts: boolean;
  readonly triggers: boolean;
  readonly timeoutMs: number;
  readonly route: Route;
  /** Its last synchronous part took long: outcomes that wait are sent before it begins. Unknown counts as long. */
  isSlow = true;

  constructor(
    readonly planAction: PlanAction,
    world: ThreadWorld,
  ) {
    const builtIn = world.actions[planAction.action.type];
    this.triggers = builtIn?.triggers ?? false;
    this.givesResult = this.triggers || (builtIn?.givesResult ?? false);
    this.acts = builtIn?.acts ?? false;
    // The data map first: the scripts see what it put there.
    this.action = mapped(prepared(planAction, builtIn, world), planAction, world.substitute);
    // A trigger's timeout is that of its waiting: it is looked at when it is asked.
    this.timeoutMs = this.triggers ? Number.POSITIVE_INFINITY : (planAction.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.route = world.routeOf(planAction);
  }
}

/** An action that cannot be prepared fails each member that comes to it: every other place of the plan is as good. */
function prepared(planAction: PlanAction, builtIn: BuiltInAction | undefined, world: ThreadWorld): PlacedAction {
  const { name, action } = planAction;
  const placeScript = scriptPlacer(world.scripts ?? null);
  try {
    if (builtIn !== undefined) {
      const placed = builtIn.prepare(planAction, valuesOf(planAction, world.substitute), placeScript);
      return withScripts(action, placed, placeScript);
    }
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
    readonly kind: OutcomeGroup['kind'],
    readonly how: ActionExit,
    /** The place that follows, or `END`; of a transaction that failed, the place where it did. */
    readonly reached: Place,
    /** What is asked of the engine; `null`: nothing beyond going on there. */
    readonly demand: Demand | null,
  ) {
    this.ends = kind !== 'completed' || demand !== null || reached < 0 || node.plan.places[reached]!.planAction.isBreak;
  }

  /** How the actions of the path ended; `undefined`: all of them normally. */
  get exits(): readonly ActionExit[] | undefined {
    const { exits, path } = this.node;
    if (exits === null && (this.kind !== 'completed' || this.how === 'normal')) return undefined;
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
  /** Its trigger has not fired. */
  readonly waits: NodeExit;
  /** Its action has run in an earlier transaction: this one begins with the flows out of it. */
  readonly hasRun: boolean;

  constructor(
    readonly place: ThreadPlace,
    /** Places of the actions that ran, in order, this one last; empty: it ran in an earlier transaction. */
    readonly path: readonly Place[],
    /** How those before this one ended; `null`: normally. */
    readonly exits: readonly ActionExit[] | null,
    readonly plan: ThreadPlan,
  ) {
    this.hasRun = path.length === 0;
    const fixed = plan.fixedWay(place);
    this.fixed = fixed === null ? null : new NodeExit(this, 'completed', 'normal', fixed.reached, fixed.demand);
    this.failed = new NodeExit(this, 'failed', 'error', place.planAction.place, null);
    this.waits = new NodeExit(this, 'unfired', 'normal', place.planAction.place, null);
    plan.grown(1);
  }

  exit(how: ActionExit, { reached, demand }: Way): NodeExit {
    const key = demand === null ? `${how} ${reached}` : `${how} ${keyOf(demand)}`;
    let exit = this.#exits.get(key);
    if (exit === undefined) {
      exit = new NodeExit(this, 'completed', how, reached, demand);
      this.#exits.set(key, exit);
      if (demand !== null) this.plan.grown(sizeOf(demand));
    }
    return exit;
  }
}

function keyOf(demand: Demand): string {
  switch (demand.kind) {
    case 'flows':
      return `flows ${demand.flows.join(' ')}`;
    case 'act':
      return `act ${demand.count} ${demand.range?.from} ${demand.range?.step} ${demand.name}`;
  }
}

/** In nodes. */
function sizeOf(demand: Demand): number {
  return demand.kind === 'act' ? 1 : 1 + demand.flows.length / flowsPerNode;
}

export class ThreadPlan {
  readonly places: readonly ThreadPlace[];
  readonly #roots = new Map<Place, PathNode>();
  /** Of transactions that begin with the flows out of a place. */
  readonly #hasRunRoots = new Map<Place, PathNode>();
  /** By place: the fixed way out of it, once a node needs it. */
  readonly #fixedWays = new Map<ThreadPlace, Way | null>();
  #nodes = 0;

  constructor(
    readonly plan: Plan,
    readonly world: ThreadWorld,
  ) {
    this.places = plan.actions.map(planAction => new ThreadPlace(planAction, world));
  }

  /** Where transactions that begin at `place` begin. */
  root(place: Place, hasRun: boolean): PathNode {
    const roots = hasRun ? this.#hasRunRoots : this.#roots;
    let node = roots.get(place);
    if (node === undefined) {
      node = new PathNode(this.places[place]!, hasRun ? [] : [place], null, this);
      roots.set(place, node);
    }
    return node;
  }

  /** Where flows that are taken out of a place lead. */
  wayOver(from: Place, flows: readonly { readonly flow: number; readonly to: Place }[]): Way {
    const [first] = flows;
    if (first === undefined) {
      const isTold = this.plan.usesSignals === true || endsWithItself(this.plan.actions[from]!);
      return isTold ? { reached: from, demand: { kind: 'flows', flows: [] } } : { reached: END, demand: null };
    }
    if (flows.length === 1 && !isShared(this.plan, from, first)) return { reached: first.to, demand: null };
    return { reached: from, demand: { kind: 'flows', flows: flows.map(({ flow }) => flow) } };
  }

  /** Where a place leads whatever the variables are; `null` when they decide, or its action says what is to be done. */
  fixedWay(place: ThreadPlace): Way | null {
    let way = this.#fixedWays.get(place);
    if (way === undefined) {
      const { fixed } = place.route;
      way = fixed === null ? null : this.wayOver(place.planAction.place, fixed);
      this.#fixedWays.set(place, way);
    }
    return way;
  }

  /** @param nodes how many more, or what weighs as much */
  grown(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes <= nodesMax) return;
    this.#roots.clear();
    this.#hasRunRoots.clear();
    this.#nodes = 0;
  }
}
