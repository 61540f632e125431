// The Store contract as a model: a few maps, one function that applies a commit.

import { bitsOf, clearBitsOf, hasBit } from '../../src/store/bitmap.js';
import {
  type Body,
  type Commit,
  type CommitAnswer,
  type InstanceKey,
  neverMs,
  type Outcome,
  type Segment,
  type Shared,
  type Store,
} from '../../src/store/contract.js';
import { instanceId, splitInstanceId } from '../../src/workflow/instance-id.js';

/** A segment as it is compared: bit maps and lists as plain numbers. */
export interface PlainSegment extends Omit<Segment, 'ordinals' | 'gone'> {
  readonly ordinals: number[];
  readonly gone: number[];
}

export interface PlainState {
  readonly segments: PlainSegment[];
  readonly bodies: { readonly id: string; readonly root: string; readonly texts: Record<number, string> }[];
  /** By instance: the segments and positions it stands at, or how it ended. */
  readonly located: Record<string, unknown>;
  /** By instance with several contexts: their segments. */
  readonly contexts: Record<string, string[]>;
  /** Segments of the contexts with low numbers, of all instances. */
  readonly lowContexts: string[];
  readonly shared: Shared[];
  readonly names: Record<string, string>;
  readonly audit: number;
}

export function plainSegment(segment: Segment): PlainSegment {
  return {
    ...segment,
    ordinals: [...segment.ordinals],
    gone: [...bitsOf(segment.gone, segment.ordinals.length)],
  };
}

function plainBody({ id, root, ordinals, offsets, bytes }: Body): PlainState['bodies'][number] {
  const texts: Record<number, string> = {};
  for (const [at, ordinal] of ordinals.entries()) {
    texts[ordinal] = Buffer.from(bytes.subarray(offsets[at], offsets[at + 1])).toString();
  }
  return { id, root, texts };
}

function plainOutcome({ ordinals, ...rest }: Outcome): unknown {
  return { ...rest, ordinals: [...ordinals] };
}

/** Numbers asked for by themselves; 0 is never one of several contexts. */
const lowContexts = [0, 1, 2, 3, 4];

const keyOf = ({ root, ordinal }: InstanceKey): string => instanceId(root, ordinal);

const byKey = (a: InstanceKey, b: InstanceKey): number => (keyOf(a) < keyOf(b) ? -1 : 1);

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

export class StoreModel {
  readonly segments = new Map<string, Segment>();
  readonly bodies = new Map<string, Body>();
  /** Those of them that only segments name. */
  readonly working = new Set<string>();
  readonly outcomes: Outcome[] = [];
  /** By instance. */
  readonly shared = new Map<string, Shared>();
  readonly names = new Map<string, string>();
  readonly commits = new Map<string, Commit>();
  readonly instances = new Set<string>();
  audit = 0;

  /** The answers that are right; nothing is applied unless the first one is `committed`. */
  apply(commit: Commit): CommitAnswer['kind'][] {
    if (this.commits.has(commit.id)) return ['committed'];
    if (commit.keys.some(key => this.bodies.has(key))) return ['key-known'];
    const refusals = [...this.#nameFaults(commit), ...this.#staleFaults(commit)];
    if (refusals.length > 0) return refusals;
    this.commits.set(commit.id, commit);
    for (const { name, instance } of commit.freedNames) if (this.names.get(name) === instance) this.names.delete(name);
    for (const { name, instance } of commit.names) this.names.set(name, instance);
    for (const { segment: id, leaving, count } of commit.marks) {
      const segment = this.segments.get(id)!;
      if (segment.open === count) this.segments.delete(id);
      else
        this.segments.set(id, {
          ...segment,
          open: segment.open - count,
          gone: segment.gone.map((byte, at) => byte | leaving[at]!),
        });
    }
    for (const { segment: id, revision, ...change } of commit.changes) {
      const segment = this.segments.get(id)!;
      const failures = change.state === 'failed' || change.state === 'waiting' ? segment.failures : null;
      this.segments.set(id, { ...segment, ...change, failures, revision: revision + 1 });
    }
    for (const { version, state, ...key } of commit.shared) {
      if (state === null) this.shared.delete(keyOf(key));
      else this.shared.set(keyOf(key), { ...key, version: version + 1, state });
    }
    for (const segment of commit.segments) this.segments.set(segment.id, segment);
    for (const body of [...commit.roots, ...commit.bodies, ...commit.working]) this.bodies.set(body.id, body);
    for (const { id } of commit.working) this.working.add(id);
    const named = new Set([...this.segments.values()].map(({ body }) => body));
    for (const id of commit.spent) if (this.working.has(id) && !named.has(id)) this.bodies.delete(id);
    for (const root of commit.roots)
      for (const ordinal of root.ordinals) this.instances.add(instanceId(root.id, ordinal));
    this.outcomes.push(...commit.outcomes);
    this.audit += commit.audit.length;
    return ['committed'];
  }

  #nameFaults(commit: Commit): 'name-taken'[] {
    const freed = (name: string): boolean =>
      commit.freedNames.some(each => each.name === name && this.names.get(name) === each.instance);
    const isTaken = commit.names.some(
      ({ name }, at) =>
        (this.names.has(name) && !freed(name)) || commit.names.findIndex(each => each.name === name) < at,
    );
    return isTaken ? ['name-taken'] : [];
  }

  #staleFaults(commit: Commit): 'stale'[] {
    const isStale =
      commit.marks.some(({ segment: id, revision, leaving }) => {
        const segment = this.segments.get(id);
        if (segment === undefined || segment.revision !== revision) return true;
        return [...bitsOf(leaving, segment.ordinals.length)].some(position => hasBit(segment.gone, position));
      }) ||
      commit.guards.some(({ segment: id, members }) => {
        const segment = this.segments.get(id);
        return segment === undefined || segment.gone.some((byte, at) => (byte & members[at]!) !== 0);
      }) ||
      commit.shared.some(change => (this.shared.get(keyOf(change))?.version ?? 0) !== change.version) ||
      commit.changes.some(({ segment: id, revision }) => this.segments.get(id)?.revision !== revision);
    return isStale ? ['stale'] : [];
  }

  /** How many contexts of an instance are open. */
  contextsOf(root: string, ordinal: number): number {
    const of = [...this.segments.values()].filter(segment => segment.root === root);
    return of.filter(({ ordinals, gone }) => {
      const position = ordinals.indexOf(ordinal);
      return position !== -1 && !hasBit(gone, position);
    }).length;
  }

  state(): PlainState {
    const open = new Map<string, { segment: string; position: number }[]>();
    const contexts = new Map<string, string[]>();
    const low = new Set<string>();
    for (const segment of [...this.segments.values()].sort((a, b) => a.context - b.context)) {
      for (const position of clearBitsOf(segment.gone, segment.ordinals.length)) {
        const instance = instanceId(segment.root, segment.ordinals[position]!);
        push(open, instance, { segment: segment.id, position });
        if (segment.context === 0) continue;
        push(contexts, instance, segment.id);
        if (lowContexts.includes(segment.context)) low.add(segment.id);
      }
    }
    for (const segments of contexts.values()) segments.sort();
    const located: Record<string, unknown> = {};
    for (const outcome of this.outcomes) {
      for (const ordinal of outcome.ordinals) located[instanceId(outcome.root, ordinal)] = plainOutcome(outcome);
    }
    Object.assign(located, Object.fromEntries(open));
    return {
      segments: [...this.segments.values()].map(plainSegment).sort(byId),
      bodies: [...this.bodies.values()].map(plainBody).sort(byId),
      located,
      contexts: Object.fromEntries(contexts),
      lowContexts: [...low].sort(),
      shared: [...this.shared.values()].sort(byKey),
      names: Object.fromEntries(this.names),
      audit: this.audit,
    };
  }

  /** The same of a store, as far as this model knows of it. */
  async stateOf(store: Store): Promise<PlainState> {
    const roots = new Set([...this.bodies.values()].map(({ root }) => root));
    const segments: Segment[] = [];
    for (let after: string | null = null; ; after = segments[segments.length - 1]!.id) {
      const page: Segment[] = await store.scan(after, 7, neverMs);
      segments.push(...page);
      if (page.length === 0) break;
    }
    const located: Record<string, unknown> = {};
    for (const instance of this.instances) {
      const found = await store.locate(instance);
      if (found === null) continue;
      located[instance] =
        found.kind === 'open'
          ? found.contexts.map(({ segment, position }) => ({ segment: segment.id, position }))
          : plainOutcome(found.outcome);
    }
    const instances = [...this.instances].map(instance => splitInstanceId(instance)!);
    const contexts: Record<string, string[]> = {};
    for (const key of instances) {
      const of = await store.contextsOf([{ ...key, contexts: null }]);
      if (of.length > 0) contexts[keyOf(key)] = of.map(({ id }) => id);
    }
    const low = await store.contextsOf(instances.map(key => ({ ...key, contexts: lowContexts })));
    const everyName = [...this.commits.values()].flatMap(({ names }) => names.map(({ name }) => name));
    const [row] = await store.query(`select count(*) from millrace_audit where root = any($1::uuid[])`, [
      `{${[...roots].join(',')}}`,
    ]);
    return {
      segments: segments
        .filter(({ root }) => roots.has(root))
        .map(plainSegment)
        .sort(byId),
      bodies: (await store.bodies([...new Set([...this.bodies.keys(), ...this.working])])).map(plainBody).sort(byId),
      located,
      contexts,
      lowContexts: low.map(({ id }) => id),
      shared: (await store.shared(instances)).sort(byKey),
      names: Object.fromEntries(await store.named(everyName)),
      audit: Number(row![0]),
    };
  }
}
