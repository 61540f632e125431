// The properties of the runtime configuration that plans name, and the modules of the branch for calls without one, on their way
// to the threads: with the plan, and with the plan again when they have changed. A thread has them with the next batch; what it holds goes on with those it came with, so that a transaction sees one configuration. A plan that
// needs nothing of it is sent as it is.

import { emptyTree, nearest, type RuntimeTree, runtimeVariable } from '../../config/tree.js';
import type { Dispatcher } from '../../dispatch/contract.js';
import type { Json } from '../../workflow/model.js';
import { branchOf } from '../../workflow/namespace.js';
import type { BranchModules, Plan, PlanAction } from '../../workflow/plan.js';

/** Most that one plan takes along, characters of JSON. What is beyond is not there. */
const valuesLengthMax = 4_194_304;

interface Follower {
  readonly plan: Plan;
  readonly names: readonly string[];
  /** It has calls that look into the modules of the branch. */
  readonly searches: boolean;
  /** What its threads have, as JSON. */
  sent: string;
}

export class RuntimeValues implements Pick<Dispatcher, 'define'> {
  readonly #dispatcher: Pick<Dispatcher, 'define'>;
  readonly #followers = new Map<number, Follower>();
  #tree: RuntimeTree = emptyTree;

  constructor(dispatcher: Pick<Dispatcher, 'define'>) {
    this.#dispatcher = dispatcher;
  }

  define(workflow: number, plan: Plan): void {
    const names = runtimeNames(plan);
    const searches = plan.actions.some(isSearching);
    if (names.length === 0 && !searches) {
      this.#dispatcher.define(workflow, plan);
      return;
    }
    const follower = { plan, names, searches, sent: '' };
    this.#followers.set(workflow, follower);
    this.#send(workflow, follower);
  }

  /** Another tree holds. */
  take(tree: RuntimeTree): void {
    this.#tree = tree;
    for (const [workflow, follower] of this.#followers) this.#send(workflow, follower);
  }

  #send(workflow: number, follower: Follower): void {
    const { plan, names, searches } = follower;
    const branch = branchOf(plan.name);
    const runtime = new Map<string, Json>();
    let length = 0;
    for (const name of names) {
      const value = runtimeVariable(this.#tree, branch, name);
      if (value === undefined) continue;
      length += JSON.stringify(value).length;
      if (length > valuesLengthMax) break;
      runtime.set(name, value);
    }
    const branchModules = searches ? modulesOf(this.#tree, branch) : null;
    const sent = JSON.stringify([[...runtime], branchModules]);
    if (sent === follower.sent) return;
    follower.sent = sent;
    const actions =
      branchModules === null
        ? plan.actions
        : plan.actions.map(action => (isSearching(action) ? { ...action, branchModules } : action));
    this.#dispatcher.define(workflow, { ...plan, actions, runtime });
  }
}

function isSearching({ action, modulePath }: PlanAction): boolean {
  return action.type === 'call' && modulePath === null;
}

function modulesOf(tree: RuntimeTree, branch: string): BranchModules {
  const found = nearest(tree, branch, 'LISTENER_CLASSPATH');
  return found === null ? { branch, paths: [] } : { branch: found.branch, paths: found.value };
}

/** Each once, as they are written. */
function runtimeNames({ actions }: Plan): readonly string[] {
  const names = new Set<string>();
  const look = (template: NonNullable<PlanAction['templates']>[number]): void => {
    for (const part of template.parts) if (part.kind === 'runtime') names.add(part.name);
  };
  for (const { templates = [], maps = [], flows } of actions) {
    for (const template of templates) look(template);
    for (const { source } of [...maps, ...flows.flatMap(flow => flow.maps ?? [])]) look(source);
  }
  return [...names];
}
