// Who workflows run as: the user they name, else the one of their branch. Of others nothing is said: an event without a user
// is their submitter's, who stands with the root.
//
// It is asked for when something of an instance is sent to a thread, and goes with it until its outcome is told of: what an action
// saw is what the audit says. What comes of others is told as of its moment. It is never stored: an instance that lives follows
// its branch like one to come. Where nobody is named this costs a look at the plan.

import { nearest, type RuntimeTree } from '../../config/tree.js';
import { branchOf } from '../../workflow/namespace.js';
import type { Plan } from '../../workflow/plan.js';

/** `null`: as its submitter. */
export function runAsUser({ name, runAs }: Pick<Plan, 'name' | 'runAs'>, tree: RuntimeTree): string | null {
  return runAs ?? nearest(tree, branchOf(name), 'RUN_AS_USER')?.value ?? null;
}

/**
 * The same of the tree that holds, by the number of a workflow's version.
 *
 * @param planOf of a version that is known
 */
export function runsAs(
  tree: () => RuntimeTree,
  planOf: (workflow: number) => Plan,
): (workflow: number) => string | null {
  let known: {
    readonly tree: RuntimeTree;
    readonly isSaid: boolean;
    readonly users: Map<number, string | null>;
  } | null = null;
  return workflow => {
    const now = tree();
    if (known?.tree !== now) known = { tree: now, isSaid: isSaid(now), users: new Map() };
    if (!known.isSaid) return planOf(workflow).runAs ?? null;
    if (!known.users.has(workflow)) known.users.set(workflow, runAsUser(planOf(workflow), now));
    return known.users.get(workflow) ?? null;
  };
}

/** Some branch names a user. */
function isSaid({ branches }: RuntimeTree): boolean {
  return [...branches.values()].some(properties => properties.has('RUN_AS_USER'));
}
