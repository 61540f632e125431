// The tree of the runtime configuration: branches of the namespace, each with properties. What a branch does not say it has
// from the nearest branch above it that does.
//
// Maps, not objects: names are somebody's, and none of them reaches a prototype.

import type { KeyWeights } from '../queue/key-rules.js';
import type { Rate } from '../queue/rate.js';
import type { Json } from '../workflow/model.js';
import { branchOf, parseBranch, parseName } from '../workflow/namespace.js';

/** The workflow that errors are given to: one that is deployed, by its full name, or a definition's file, absolute. */
export type ErrorHandler =
  | { readonly kind: 'workflow'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

/**
 * The properties that have a meaning, and what their values are once read. All others are variables, which are JSON and
 * there to be looked up.
 */
export interface KnownProperties {
  /** 1 (highest) to 10,000: of the members that have none of their own. */
  readonly PRIORITY: number;
  /** Members of the branch that may execute at once, by each engine; beside the limits of the branches above. */
  readonly CONCURRENCY_THROTTLE: number | 'unlimited';
  /** The same by all engines together. */
  readonly CONCURRENCY_THROTTLE_CLUSTER_WIDE: number | 'unlimited';
  /** Members of the branch that may begin in a time, by all engines; beside the rates of the branches above. */
  readonly RATE: Rate | 'unlimited';
  /** Members of each key that may execute at once, by all engines. */
  readonly KEY_CONCURRENCY_THROTTLE: number | 'unlimited';
  /** Members of each key that may begin in a time, by all engines. */
  readonly KEY_RATE: Rate | 'unlimited';
  /** How keys share what is executed. */
  readonly KEY_WEIGHTS: KeyWeights | 'none';
  /** `strict`: members of a key one after the other, by creation. */
  readonly KEY_ORDER: 'strict' | 'none';
  /** Ordered by creation, not by eligible time. */
  readonly FIFO_SCHEDULING_ENABLED: boolean;
  /** Milliseconds in which what waits gains a step of priority. */
  readonly FAIRNESS_TIME_WINDOW: number | 'off';
  readonly DEFAULT_FLOW_CHART_ERROR_HANDLER: ErrorHandler;
  /** Files and folders of action modules, absolute, in the order in which they are searched. */
  readonly LISTENER_CLASSPATH: readonly string[];
  /** Who workflows run as that name nobody. */
  readonly RUN_AS_USER: string;
}

export type KnownName = keyof KnownProperties;

/** Who says a property: a line of the file, from 1, or an operation on a running engine. */
export type Source =
  | { readonly kind: 'file'; readonly line: number }
  | {
      readonly kind: 'operation';
      readonly by: string;
      readonly atMs: number;
      /** Of all settings, as of this one. */
      readonly version: number;
    };

export interface Property<Value = unknown> {
  /** In upper case: names are taken in any. */
  readonly name: string;
  /** The branch that has it, with a trailing `/`. */
  readonly branch: string;
  readonly value: Value;
  /** As it was written, for substitution: text in a properties file, any JSON in YAML and by operation. */
  readonly written: Json;
  readonly source: Source;
}

export interface RuntimeTree {
  /** By branch, then by name in upper case. */
  readonly branches: ReadonlyMap<string, ReadonlyMap<string, Property>>;
}

/** What holds where there is no runtime configuration. */
export const emptyTree: RuntimeTree = { branches: new Map() };

/** A name as it is compared: in upper case, composed. */
export function canonicalProperty(name: string): string {
  return name.toUpperCase().normalize('NFC');
}

/**
 * The property that holds for the workflows of a branch: its own, or that of the nearest branch above; `null` when no branch
 * up to the root has it. O(depth).
 *
 * @param branch canonical, with a trailing `/`; that of a workflow is `branchOf(name)`
 * @param property in any case
 */
export function nearest<Name extends KnownName>(
  tree: RuntimeTree,
  branch: string,
  property: Name,
): Property<KnownProperties[Name]> | null;
export function nearest(tree: RuntimeTree, branch: string, property: string): Property | null;
export function nearest(tree: RuntimeTree, branch: string, property: string): Property | null {
  const name = canonicalProperty(property);
  for (let at = branch; ; at = branchOf(at)) {
    const found = tree.branches.get(at)?.get(name);
    if (found !== undefined) return found;
    if (at === '/') return null;
  }
}

/**
 * The value that `${runtime NAME}` stands for in the workflows of a branch; `undefined` when there is none. A name with its
 * branch, `/branch/NAME`, is looked for from that branch on.
 */
export function runtimeVariable(tree: RuntimeTree, branch: string, reference: string): Json | undefined {
  const slash = reference.lastIndexOf('/');
  const named = slash < 0 ? null : parseBranch(reference.slice(0, slash + 1));
  if (named !== null && !named.ok) return undefined;
  return nearest(tree, named?.value ?? branch, reference.slice(slash + 1))?.written;
}

/** Whether there are action modules for a workflow. @param name as it is written; what is no name has none */
export function hasBranchModules(tree: RuntimeTree, name: string): boolean {
  const parsed = parseName(name);
  return parsed.ok && nearest(tree, branchOf(parsed.value), 'LISTENER_CLASSPATH') !== null;
}
