// What holds, as it is shown: each property with who says it.

import type { Json } from '../workflow/model.js';
import { branchOf } from '../workflow/namespace.js';
import { type KnownName, nearest, type Property, type RuntimeTree } from './tree.js';

/** A property as it holds. What does not belong to its source is `null`. */
export interface ShownProperty {
  /** In upper case. */
  readonly property: string;
  /** As it was written. */
  readonly value: Json;
  readonly source: 'operation' | 'file' | 'default';
  /** The branch that says it, for itself and all below; `null`: none does. */
  readonly branch: string | null;
  /** Of an operation: who set it, when, and the version of the settings since. */
  readonly by: string | null;
  readonly atMs: number | null;
  readonly version: number | null;
  /** Of a file: its path where the engine runs, and the line, from 1. */
  readonly file: string | null;
  readonly line: number | null;
  /** Under an operation: what the file says of the same branch, which does not hold. */
  readonly covered: { readonly value: Json; readonly file: string; readonly line: number } | null;
}

/** Throttles: what the branches above say holds beside a branch's own, none takes another's place. */
export const holdTogether: ReadonlySet<string> = new Set<KnownName>([
  'CONCURRENCY_THROTTLE',
  'CONCURRENCY_THROTTLE_CLUSTER_WIDE',
  'RATE',
]);

/** What holds where nobody says anything. */
const defaults: ReadonlyMap<string, Json> = new Map([['PRIORITY', 10]]);

/** A tree, the file's tree under it, and that file; `null`: there is none. */
export interface ShownTrees {
  readonly tree: RuntimeTree;
  readonly base: RuntimeTree;
  readonly file: string | null;
}

/** What every branch says, in order of branches and names. */
export function saidEverywhere(trees: ShownTrees): ShownProperty[] {
  const properties = [...trees.tree.branches.values()].flatMap(said => [...said.values()]);
  return properties
    .sort((a, b) => order(a.branch, b.branch) || order(a.name, b.name))
    .map(property => shown(property, trees));
}

/** What holds for the workflows of a branch, in order of names: of throttles each on the way up, the nearest first. O(depth, and the
 * properties on the way). */
export function holdingAt(trees: ShownTrees, branch: string): ShownProperty[] {
  const names = new Set(defaults.keys());
  const together: Property[] = [];
  for (let at = branch; ; at = branchOf(at)) {
    for (const property of trees.tree.branches.get(at)?.values() ?? []) {
      if (holdTogether.has(property.name)) together.push(property);
      else names.add(property.name);
    }
    if (at === '/') break;
  }
  const nearestOnes = [...names].flatMap(name => propertyAt(trees, branch, name) ?? []);
  return [...nearestOnes, ...together.map(property => shown(property, trees))].sort((a, b) =>
    order(a.property, b.property),
  );
}

/** What holds of a property for the workflows of a branch, of a throttle its own; `null`: nothing does. @param name in upper case */
export function propertyAt(trees: ShownTrees, branch: string, name: string): ShownProperty | null {
  const property = holdTogether.has(name)
    ? (trees.tree.branches.get(branch)?.get(name) ?? null)
    : nearest(trees.tree, branch, name);
  if (property !== null) return shown(property, trees);
  const value = defaults.get(name);
  return value === undefined ? null : { ...nobody, property: name, value, source: 'default', branch: null };
}

const nobody = { by: null, atMs: null, version: null, file: null, line: null, covered: null } as const;

function shown({ name, branch, written, source }: Property, { base, file }: ShownTrees): ShownProperty {
  const said = { ...nobody, property: name, value: written, branch };
  if (source.kind === 'file') return { ...said, source: 'file', file, line: source.line };
  const under = base.branches.get(branch)?.get(name);
  const covered =
    under?.source.kind === 'file' && file !== null ? { value: under.written, file, line: under.source.line } : null;
  const { by, atMs, version } = source;
  return { ...said, source: 'operation', by, atMs, version, covered };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
