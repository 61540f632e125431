// The Store contract as a model: a few maps, one function that applies a commit.

import { bitsOf, clearBitsOf, hasBit } from '../../src/store/bitmap.js';
import type { Body, Commit, CommitAnswer, Outcome, Segment, Store } from '../../src/store/contract.js';
import { instanceId } from '../../src/workflow/instance-id.js';

/** A segment as it is compared: bit maps and lists as plain numbers. */
export interface PlainSegment extends Omit<Segment, 'ordinals' | 'gone'> {
  readonly ordinals: number[];
  readonly gone: number[];
}

export interface PlainState {
  readonly segments: PlainSegment[];
  readonly bodies: { readonly id: string; readonly root: string; readonly texts: Record<number, string> }[];
  /** By instance: the segment and position it stands at, or how it ended. */
  readonly located: Record<string, unknown>;
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

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

export class StoreModel {
  readonly segments = new Map<string, Segment>();
  readonly bodies = new Map<string, Body>();
  readonly outcomes: Outcome[] = [];
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
      const failures = change.state === 'failed' ? segment.failures : null;
      this.segments.set(id, { ...segment, ...change, failures, revision: revision + 1 });
    }
    for (const segment of commit.segments) this.segments.set(segment.id, segment);
    for (const body of [...commit.roots, ...commit.bodies]) this.bodies.set(body.id, body);
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
      commit.changes.some(({ segment: id, revision }) => this.segments.get(id)?.revision !== revision);
    return isStale ? ['stale'] : [];
  }

  state(): PlainState {
    const located: Record<string, unknown> = {};
    for (const segment of this.segments.values()) {
      for (const position of clearBitsOf(segment.gone, segment.ordinals.length)) {
        located[instanceId(segment.root, segment.ordinals[position]!)] = { segment: segment.id, position };
      }
    }
    for (const outcome of this.outcomes) {
      for (const ordinal of outcome.ordinals) located[instanceId(outcome.root, ordinal)] = plainOutcome(outcome);
    }
    return {
      segments: [...this.segments.values()].map(plainSegment).sort(byId),
      bodies: [...this.bodies.values()].map(plainBody).sort(byId),
      located,
      names: Object.fromEntries(this.names),
      audit: this.audit,
    };
  }

  /** The same of a store, as far as this model knows of it. */
  async stateOf(store: Store): Promise<PlainState> {
    const roots = new Set([...this.bodies.values()].map(({ root }) => root));
    const segments: Segment[] = [];
    for (let after: string | null = null; ; after = segments[segments.length - 1]!.id) {
      const page: Segment[] = await store.scan(after, 7);
      segments.push(...page);
      if (page.length < 7) break;
    }
    const located: Record<string, unknown> = {};
    for (const instance of this.instances) {
      const found = await store.locate(instance);
      if (found === null) continue;
      located[instance] =
        found.kind === 'open' ? { segment: found.segment.id, position: found.position } : plainOutcome(found.outcome);
    }
    const everyName = [...this.commits.values()].flatMap(({ names }) => names.map(({ name }) => name));
    const [row] = await store.query(`select count(*) from millrace_audit where root = any($1::uuid[])`, [
      `{${[...roots].join(',')}}`,
    ]);
    return {
      segments: segments
        .filter(({ root }) => roots.has(root))
        .map(plainSegment)
        .sort(byId),
      bodies: (await store.bodies([...this.bodies.keys()])).map(plainBody).sort(byId),
      located,
      names: Object.fromEntries(await store.named(everyName)),
      audit: Number(row![0]),
    };
  }
}
