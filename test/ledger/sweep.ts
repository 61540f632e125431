// Never more than N: the intervals of what executes are swept in the order in which they began and ended, and for each
// branch the most at once is found, of all engines and of each.
//
// Pure, linear in what it is given, and separate from the engine: it imports nothing from src/.
//
// Invariants:
//   V1. An execution counts below every branch on the path of its workflow, from its begin to its end.
//   V2. An engine that is killed ends there whatever it executed: nothing of it that is read later counts.
//   V3. A bound is broken by what begins while there is no room, never by what ran when it was set: one that is lowered
//       leaves that alone. So a lowered bound is to be marked when what was given out before has come to its end, and a
//       raised one before it is set.
//   V4. Leases decide who may execute (D6). An engine that lives on although its leases may have ended (it was stopped) is a
//       zombie: others are given its slots. What it executes between `lapsed` and `back` is counted apart, by name, and
//       under no bound; what it begins afterwards counts again.

export interface SweptBegin {
  readonly kind: 'begin';
  /** Unique. */
  readonly execution: string;
  /** A process, or whoever else has a bound of its own. */
  readonly engine: string;
  /** Full name of the workflow, `/branch/name`. */
  readonly workflow: string;
  /** Said of it in a violation: the instance, the action, the attempt. */
  readonly what: string;
}

export interface SweptEnd {
  readonly kind: 'end';
  readonly execution: string;
}

/** From here on, beside the bounds of the branches above and below; `null`: none. */
export interface SweptBound {
  readonly kind: 'bound';
  /** With a trailing `/`. */
  readonly branch: string;
  readonly perEngine: number | null;
  readonly clusterWide: number | null;
}

/** What becomes of an engine (V2, V4). */
export interface SweptEngine {
  readonly kind: 'killed' | 'lapsed' | 'back';
  readonly engine: string;
}

export type Swept = SweptBegin | SweptEnd | SweptBound | SweptEngine;

export interface TooMany {
  readonly branch: string;
  /** Of that engine; `null`: of all. */
  readonly engine: string | null;
  readonly limit: number;
  /** Which of the marks, from 0: that begin was one too many. */
  readonly at: number;
  /** What executes then, the one that began last at the end. */
  readonly members: readonly string[];
}

/** The most that executed at once below a branch. */
export interface Most {
  clusterWide: number;
  /** Of one engine. */
  perEngine: number;
  /** Begins that took the last room there was under a bound. */
  full: number;
}

export interface SweepResult {
  readonly violations: readonly TooMany[];
  readonly most: ReadonlyMap<string, Most>;
  readonly executions: number;
  /** Executions of zombies (V4), which count under no bound. */
  readonly zombies: number;
  /** Read of an engine behind its death (V2). */
  readonly late: number;
}

/** @param marks in the order in which they happened */
export function sweep(marks: Iterable<Swept>): SweepResult {
  const sweeper = new Sweeper();
  for (const mark of marks) sweeper.read(mark);
  return sweeper;
}

interface Node {
  readonly running: Set<SweptBegin>;
  readonly byEngine: Map<string, Set<SweptBegin>>;
  readonly most: Most;
  bound: SweptBound | null;
}

type State = 'alive' | 'lapsed' | 'killed';

class Sweeper implements SweepResult {
  readonly violations: TooMany[] = [];
  readonly most = new Map<string, Most>();
  executions = 0;
  zombies = 0;
  late = 0;
  readonly #nodes = new Map<string, Node>();
  readonly #running = new Map<string, SweptBegin>();
  readonly #engines = new Map<string, State>();
  #at = -1;

  read(mark: Swept): void {
    this.#at += 1;
    switch (mark.kind) {
      case 'begin':
        this.#begin(mark);
        return;
      case 'end':
        this.#end(mark.execution);
        return;
      case 'bound':
        this.#node(mark.branch).bound = mark;
        return;
      case 'back':
        if (this.#engines.get(mark.engine) === 'lapsed') this.#engines.set(mark.engine, 'alive');
        return;
      case 'killed':
        this.#setAside(mark.engine, 'killed');
        return;
      case 'lapsed':
        this.zombies += this.#setAside(mark.engine, 'lapsed');
        return;
    }
  }

  #begin(begun: SweptBegin): void {
    const state = this.#engines.get(begun.engine) ?? 'alive';
    if (state === 'killed') {
      this.late += 1;
      return;
    }
    this.executions += 1;
    if (state === 'lapsed') {
      this.zombies += 1;
      return;
    }
    if (this.#running.has(begun.execution)) throw new Error(`execution ${begun.execution} begins twice`);
    this.#running.set(begun.execution, begun);
    for (const branch of pathOf(begun.workflow)) this.#enter(branch, this.#node(branch), begun);
  }

  #enter(branch: string, node: Node, begun: SweptBegin): void {
    const { running, byEngine, most, bound } = node;
    const { engine } = begun;
    running.add(begun);
    const own = byEngine.get(engine) ?? new Set();
    byEngine.set(engine, own.add(begun));
    most.clusterWide = Math.max(most.clusterWide, running.size);
    most.perEngine = Math.max(most.perEngine, own.size);
    if (bound === null) return;
    const ofAll = this.#compare(branch, null, bound.clusterWide, running);
    const ofOne = this.#compare(branch, engine, bound.perEngine, own);
    if (ofAll || ofOne) most.full += 1;
  }

  /** Whether it is as many as there may be, or more. */
  #compare(branch: string, engine: string | null, limit: number | null, running: ReadonlySet<SweptBegin>): boolean {
    if (limit === null || running.size < limit) return false;
    if (running.size > limit) {
      const members = [...running].map(({ what }) => what);
      this.violations.push({ branch, engine, limit, at: this.#at, members });
    }
    return true;
  }

  #end(execution: string): void {
    const begun = this.#running.get(execution);
    // Of a zombie, or behind a death.
    if (begun === undefined) return;
    this.#running.delete(execution);
    for (const branch of pathOf(begun.workflow)) {
      const { running, byEngine } = this.#node(branch);
      running.delete(begun);
      byEngine.get(begun.engine)!.delete(begun);
    }
  }

  /** How many it executed. */
  #setAside(engine: string, state: State): number {
    this.#engines.set(engine, state);
    const own = [...this.#running.values()].filter(begun => begun.engine === engine);
    for (const { execution } of own) this.#end(execution);
    return own.length;
  }

  #node(branch: string): Node {
    let node = this.#nodes.get(branch);
    if (node === undefined) {
      const most = { clusterWide: 0, perEngine: 0, full: 0 };
      node = { running: new Set(), byEngine: new Map(), most, bound: null };
      this.#nodes.set(branch, node);
      this.most.set(branch, most);
    }
    return node;
  }
}

/** Every branch a workflow is in, the root first. */
function pathOf(workflow: string): string[] {
  const path: string[] = [];
  for (let end = workflow.indexOf('/'); end >= 0; end = workflow.indexOf('/', end + 1)) {
    path.push(workflow.slice(0, end + 1));
  }
  return path;
}
