// The suite of the Store contract: every home passes it, through the contract alone.
//
// Opening a home takes a second, so one store serves the suite; each test has roots and branches of its own, and compares
// everything the store says of them.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdSource } from '../../src/engine/ids.js';
import { systemClock } from '../../src/observe/clock.js';
import { emptyBitmap, setBit } from '../../src/store/bitmap.js';
import type {
  Body,
  Commit,
  CommitAnswer,
  Failures,
  FinalState,
  Guard,
  Mark,
  RootBody,
  Segment,
  SegmentChange,
  SharedChange,
  Store,
} from '../../src/store/contract.js';
import { emptyCommit } from '../../src/store/empty-commit.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { deadlineConformance } from './deadline-conformance.js';
import { messageConformance } from './message-conformance.js';
import { runConformance } from './run-conformance.js';
import { settingConformance } from './setting-conformance.js';
import { plainSegment, StoreModel } from './store-model.js';

const atMs = Date.UTC(2030, 0, 2, 8);
const ids = new IdSource(systemClock);
const segmentStates = ['ready', 'paused', 'failed', 'joining', 'waiting'] as const;
let branches = 0;

export function nothing(): Commit {
  return emptyCommit(ids.next(), atMs);
}

function packed(texts: readonly string[]): Pick<Body, 'offsets' | 'bytes'> {
  const parts = texts.map(text => Buffer.from(text));
  const offsets = new Int32Array(texts.length + 1);
  for (const [at, part] of parts.entries()) offsets[at + 1] = offsets[at]! + part.length;
  return { offsets, bytes: new Uint8Array(Buffer.concat(parts)) };
}

export function rootOf(members: number): RootBody {
  const id = ids.nextRoot();
  const ordinals = Uint16Array.from({ length: members }, (_, at) => at);
  const texts = Array.from(ordinals, n => JSON.stringify({ n, text: 'ü'.repeat(n % 3) }));
  return { id, root: id, ordinals, ...packed(texts), submitter: 'alice', createdAtMs: atMs };
}

export function segmentOf(root: RootBody, ordinals: readonly number[], more: Partial<Segment> = {}): Segment {
  return {
    id: ids.next(),
    root: root.id,
    body: null,
    workflow: 1,
    name: '/conformance/flow',
    priority: null,
    key: null,
    place: 0,
    hasRun: false,
    context: 0,
    scope: 0,
    transaction: 0,
    attempt: 0,
    kills: 0,
    state: 'ready',
    eligibleAtMs: atMs,
    waitsFor: null,
    createdAtMs: atMs,
    ordinals: Uint16Array.from(ordinals),
    open: ordinals.length,
    gone: emptyBitmap(ordinals.length),
    requests: 0,
    memberRequests: null,
    failures: null,
    revision: 0,
    ...more,
  };
}

export function markOf(segment: Segment, positions: readonly number[], more: Partial<Mark> = {}): Mark {
  const leaving = emptyBitmap(segment.ordinals.length);
  for (const position of positions) setBit(leaving, position);
  return {
    segment: segment.id,
    revision: segment.revision,
    leaving,
    positions: segment.ordinals.length,
    count: positions.length,
    ...more,
  };
}

export function guardOf(segment: Segment, positions: readonly number[]): Guard {
  const members = emptyBitmap(segment.ordinals.length);
  for (const position of positions) setBit(members, position);
  return { segment: segment.id, members, positions: segment.ordinals.length };
}

export function changeOf(segment: Segment, more: Partial<SegmentChange> = {}): SegmentChange {
  const { id, revision, state, attempt, kills, eligibleAtMs, requests, memberRequests } = segment;
  return { segment: id, revision, state, attempt, kills, eligibleAtMs, requests, memberRequests, ...more };
}

export function outcomeOf(segment: Segment, positions: readonly number[], state: FinalState = 'finished') {
  const ordinals = Uint16Array.from(positions, position => segment.ordinals[position]!);
  return {
    root: segment.root,
    workflow: segment.workflow,
    name: segment.name,
    state,
    finishedAtMs: atMs + 1,
    ordinals,
    body: null,
  };
}

/** An error for the odd ones and one for the even ones. */
function failuresOf(ordinals: readonly number[]): Failures {
  const errors = ['even', 'odd'].map(message => ({ code: 'X', message, action: 'a', attempt: 1, stack: 'at "a"\n' }));
  return { errors, of: ordinals.map(ordinal => ordinal % 2) };
}

const trace = (root: string) => ({ root, atMs, trace: '[]', events: 0 });

/** What one random step asks; numbers pick among what the model has. */
interface Step {
  readonly kind: 'submit' | 'leave' | 'change' | 'resend' | 'both' | 'tell';
  readonly pick: number;
  readonly members: number;
  readonly mask: number;
  readonly fault: 'none' | 'revision' | 'gone';
  readonly goesOn: boolean;
  readonly name: number | null;
  readonly frees: boolean;
  /** Contexts each member goes on with; 1: it does not split. */
  readonly split: number;
  readonly shares: 'nothing' | 'write' | 'drop';
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('submit', 'submit', 'leave', 'leave', 'leave', 'change', 'resend', 'both', 'tell', 'tell'),
    pick: fc.nat(1_000),
    members: fc.integer({ min: 1, max: 20 }),
    mask: fc.integer({ min: 1, max: 0xfffff }),
    fault: fc.oneof(
      { weight: 6, arbitrary: fc.constant('none' as const) },
      { weight: 1, arbitrary: fc.constantFrom('revision' as const, 'gone' as const) },
    ),
    goesOn: fc.boolean(),
    name: fc.option(fc.nat(4), { freq: 2 }),
    frees: fc.boolean(),
    split: fc.integer({ min: 1, max: 3 }),
    shares: fc.constantFrom('nothing' as const, 'write' as const, 'write' as const, 'drop' as const),
  }),
  { minLength: 1, maxLength: 14 },
);

function bitsOfMask(mask: number, bits: number): number[] {
  return Array.from({ length: bits }, (_, bit) => bit).filter(bit => ((mask >> bit) & 1) === 1);
}

function commitOf(step: Step, model: StoreModel, branch: string): Commit {
  const commit = withoutShared(step, model, branch);
  if (step.kind === 'resend' || commit.segments.length + commit.marks.length === 0) return commit;
  const touched = model.segments.get(commit.marks[0]?.segment ?? '') ?? commit.segments[0]!;
  return { ...commit, shared: sharedOf(step, model, touched) };
}

/** Changes for some members of a segment, not in order; with a fault the version of one is that of somebody behind. */
function sharedOf({ shares, fault, mask }: Step, model: StoreModel, { root, ordinals }: Segment): SharedChange[] {
  if (shares === 'nothing') return [];
  return [...ordinals].reverse().flatMap((ordinal, at) => {
    if (at > 2) return [];
    const stored = model.shared.get(instanceId(root, ordinal))?.version ?? 0;
    if (shares === 'drop' && stored === 0) return [];
    const version = fault === 'revision' && at === mask % 3 ? Math.abs(stored - 1) : stored;
    const state = shares === 'drop' ? null : JSON.stringify({ ordinal, mask, text: 'ü"' });
    return [{ root, ordinal, workflow: 1, name: '/conformance/flow', version, state }];
  });
}

function withoutShared(step: Step, model: StoreModel, branch: string): Commit {
  const { kind, pick } = step;
  const known = [...model.segments.values()];
  const segment = known[pick % Math.max(1, known.length)];
  if (kind === 'resend' && model.commits.size > 0) {
    const again = [...model.commits.values()][pick % model.commits.size]!;
    // The same id decides, whatever comes with it.
    return { ...again, audit: [...again.audit, ...again.audit] };
  }
  if (segment === undefined || kind === 'submit' || kind === 'resend') return submitOf(step, model, branch);
  if (kind === 'tell') {
    const guarded = step.goesOn ? [segment, known[step.members % known.length]!] : [segment];
    const guards = guarded.map(each => guardOf(each, [...bitsOfMask(step.mask, each.ordinals.length)]));
    return { ...nothing(), guards, audit: [trace(segment.root)] };
  }
  const commit = kind === 'change' ? nothing() : leaveOf(step, segment, model);
  if (kind === 'leave') return commit;
  const revision = segment.revision + (step.fault === 'revision' ? 1 : 0);
  const memberRequests = step.goesOn ? { [segment.ordinals[0]!]: 1 } : null;
  const change = changeOf(segment, {
    revision,
    requests: step.mask & 3,
    memberRequests,
    state: segmentStates[pick % segmentStates.length]!,
    attempt: step.members,
  });
  // One that closes cannot be changed too.
  return commit.marks[0]?.count === segment.open ? commit : { ...commit, changes: [change] };
}

function submitOf({ members, mask, name, frees, pick }: Step, model: StoreModel, branch: string): Commit {
  const root = rootOf(members);
  const sorted = [0, 1, 2].map(group => Array.from(root.ordinals).filter(ordinal => (mask >> ordinal) % 3 === group));
  const named = name === null ? [] : [{ name: `${branch}${name}`, instance: instanceId(root.id, 0) }];
  const owner = named.length === 0 ? undefined : model.names.get(named[0]!.name);
  return {
    ...nothing(),
    roots: [root],
    segments: sorted
      .filter(ordinals => ordinals.length > 0)
      .map((ordinals, at) =>
        segmentOf(root, ordinals, {
          name: `${branch}flow${pick % 3}`,
          priority: at === 0 ? null : at,
          key: at === 0 ? null : `tenant |${at}`,
          createdAtMs: atMs + (pick % 5),
          ...(at === 1 ? { state: 'failed', failures: failuresOf(ordinals) } : {}),
        }),
      ),
    names: named,
    freedNames:
      frees && owner !== undefined
        ? [{ name: named[0]!.name, instance: mask % 4 === 0 ? instanceId(root.id, 1) : owner }]
        : [],
    audit: [trace(root.id)],
  };
}

function leaveOf({ mask, fault, goesOn, pick, split }: Step, segment: Segment, model: StoreModel): Commit {
  const all = Array.from(segment.ordinals.keys());
  const isGone = (at: number): boolean => (segment.gone[at >>> 3]! & (0x80 >>> (at & 7))) !== 0;
  const open = all.filter(at => !isGone(at));
  const chosen = open.filter(at => ((mask >> at) & 1) === 1);
  const leaving = chosen.length === 0 ? open.slice(0, 1) : chosen;
  const gone = all.filter(isGone);
  const positions = fault === 'gone' && gone.length > 0 ? [...leaving, gone[0]!].sort((a, b) => a - b) : leaving;
  const mark = markOf(segment, positions, { revision: segment.revision + (fault === 'revision' ? 1 : 0) });
  const ordinals = leaving.map(at => segment.ordinals[at]!);
  const body: Body = {
    id: ids.next(),
    root: segment.root,
    ordinals: Uint16Array.from(ordinals),
    ...packed(ordinals.map(n => `{"written":${n}}`)),
  };
  const next: Segment = {
    ...segment,
    id: ids.next(),
    body: body.id,
    place: segment.place + 1,
    transaction: segment.transaction + 1,
    ordinals: body.ordinals,
    open: ordinals.length,
    gone: emptyBitmap(ordinals.length),
    revision: 0,
  };
  // An instance ends once, with the last of its contexts.
  const ending = goesOn ? [] : leaving.filter(at => model.contextsOf(segment.root, segment.ordinals[at]!) === 1);
  const state = pick % 2 === 0 ? 'finished' : 'removed';
  return {
    ...nothing(),
    marks: [mark],
    ...(goesOn && pick % 2 === 0 ? { working: [body] } : { bodies: [body] }),
    spent: segment.body === null ? [] : [segment.body],
    segments: goesOn ? splitOf(next, split) : [],
    outcomes: ending.length === 0 ? [] : [{ ...outcomeOf(segment, ending, state), body: body.id }],
    audit: [trace(segment.root)],
  };
}

/** The segment again, or one for each context its members split into; their numbers are those of nobody else. */
function splitOf(segment: Segment, split: number): Segment[] {
  if (split === 1) return [segment];
  return Array.from({ length: split }, (_, at) => ({
    ...segment,
    id: ids.next(),
    context: segment.context * 3 + at + 1,
    scope: segment.scope + at,
    hasRun: at === 1,
    state: segmentStates[(segment.context + at) % segmentStates.length]!,
    failures: null,
  }));
}

/** @param open opens an empty store; the suite closes it */
export function storeConformance(home: string, open: () => Promise<Store>): void {
  describe(`Store contract: ${home}`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await open();
    }, 60_000);
    afterAll(() => store.close(), 60_000);

    const newBranch = (): string => {
      branches += 1;
      return `/conformance${branches}/`;
    };
    const commit = async (part: Partial<Commit>): Promise<CommitAnswer['kind']> =>
      (await store.commit({ ...nothing(), ...part })).kind;
    const read = async (id: string): Promise<Segment | undefined> => (await store.segments([id]))[0];
    /** A root in one segment, stored. */
    const submitted = async (
      members: number,
      more: Partial<Segment> = {},
    ): Promise<{ root: RootBody; segment: Segment }> => {
      const root = rootOf(members);
      const segment = segmentOf(root, [...root.ordinals], more);
      expect(await commit({ roots: [root], segments: [segment] })).toBe('committed');
      return { root, segment };
    };

    test('S1, S2, S3, S4: any commits, right and wrong ones, leave what the model says', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async all => {
          const model = new StoreModel();
          const branch = newBranch();
          for (const step of all) {
            const next = commitOf(step, model, branch);
            const expected = model.apply(next);
            const { kind } = await store.commit(next);
            expect(expected, JSON.stringify(step)).toContain(kind);
          }
          expect(await model.stateOf(store)).toEqual(model.state());
        }),
        { numRuns: Number(process.env.RUNS ?? 40) },
      );
    }, 60_000);

    test('of commits sent at once for the same members one wins, the others leave nothing', async () => {
      const { root, segment } = await submitted(40);
      const rivals = Array.from({ length: 8 }, (_, at) => {
        const positions = [0, 1, 2 + at];
        return {
          ...nothing(),
          marks: [markOf(segment, positions)],
          outcomes: [outcomeOf(segment, positions)],
          audit: [trace(root.id)],
        };
      });
      const answers = await Promise.all(rivals.map(each => store.commit(each)));
      expect(answers.filter(({ kind }) => kind === 'committed').length).toBe(1);
      expect(answers.filter(({ kind }) => kind === 'stale').length).toBe(7);
      expect(plainSegment((await read(segment.id))!)).toMatchObject({ open: 37, revision: 0 });
      expect(await store.query('select count(*) from millrace_audit where root = $1::uuid', [root.id])).toEqual([
        ['1'],
      ]);
      expect(await store.query('select sum(members) from millrace_outcome where root = $1::uuid', [root.id])).toEqual([
        ['3'],
      ]);
    });

    test('commits for different members of one segment all hold, together and in any order', async () => {
      const { segment } = await submitted(30);
      const parts = Array.from({ length: 10 }, (_, at) => [at, at + 10, at + 20]);
      const answers = await Promise.all(
        parts.map(positions =>
          store.commit({
            ...nothing(),
            marks: [markOf(segment, positions)],
            outcomes: [outcomeOf(segment, positions)],
          }),
        ),
      );
      expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['committed']));
      expect(await read(segment.id)).toBeUndefined();
    });

    test('an operation makes every commit decided before it stale, and takes effect itself', async () => {
      const { root, segment } = await submitted(5);
      expect(await commit({ changes: [changeOf(segment, { requests: 1, memberRequests: { 3: 2 } })] })).toBe(
        'committed',
      );
      expect(
        await commit({ marks: [markOf(segment, [0])], outcomes: [outcomeOf(segment, [0])], audit: [trace(root.id)] }),
      ).toBe('stale');
      expect(await commit({ changes: [changeOf(segment, { requests: 2 })] })).toBe('stale');
      const fresh = (await read(segment.id))!;
      expect(plainSegment(fresh)).toEqual({
        ...plainSegment(segment),
        requests: 1,
        memberRequests: { 3: 2 },
        revision: 1,
      });
      expect(await commit({ marks: [markOf(fresh, [0])], outcomes: [outcomeOf(fresh, [0])] })).toBe('committed');
      expect(await store.query('select count(*) from millrace_audit where root = $1::uuid', [root.id])).toEqual([
        ['0'],
      ]);
    });

    test('a guard holds while its members are there, whatever else happens to the segment', async () => {
      const { root, segment } = await submitted(5);
      const told = (guards: readonly Guard[]) => commit({ guards, audit: [trace(root.id)] });
      expect(await told([guardOf(segment, [0, 3]), guardOf(segment, [3, 4])])).toBe('committed');
      expect(await commit({ changes: [changeOf(segment, { requests: 1 })] })).toBe('committed');
      const changed = (await read(segment.id))!;
      expect(await told([guardOf(segment, [0, 3])])).toBe('committed');
      expect(await commit({ marks: [markOf(changed, [3])], outcomes: [outcomeOf(segment, [3])] })).toBe('committed');
      expect(await told([guardOf(segment, [0, 4])])).toBe('committed');
      expect(await told([guardOf(segment, [0]), guardOf(segment, [3])])).toBe('stale');
      const rest = (await read(segment.id))!;
      const all = [0, 1, 2, 4];
      expect(await commit({ marks: [markOf(rest, all)], outcomes: [outcomeOf(rest, all)] })).toBe('committed');
      expect(await told([guardOf(segment, [0])])).toBe('stale');
      expect(await store.query('select count(*) from millrace_audit where root = $1::uuid', [root.id])).toEqual([
        ['3'],
      ]);
    });

    test('what contexts share is changed by who has read it as it is, and by one rival at a time', async () => {
      const { root, segment } = await submitted(3);
      const change = (ordinal: number, version: number, state: string | null): SharedChange => {
        return { root: root.id, ordinal, workflow: 7, name: segment.name, version, state };
      };
      const stored = () => store.shared([0, 1, 2].map(ordinal => ({ root: root.id, ordinal })));
      const rivals = (changes: SharedChange[]) =>
        Array.from({ length: 6 }, () => store.commit({ ...nothing(), shared: changes, audit: [trace(root.id)] }));
      const kindsOf = async (answers: Promise<CommitAnswer>[]) => (await Promise.all(answers)).map(({ kind }) => kind);
      const oneWins = ['committed', 'stale', 'stale', 'stale', 'stale', 'stale'];

      expect((await kindsOf(rivals([change(2, 0, '{"n":2}'), change(0, 0, '{"n":0}')]))).sort()).toEqual(oneWins);
      const first = { root: root.id, workflow: 7, name: segment.name, version: 1 };
      const sorted = async () => (await stored()).sort((a, b) => a.ordinal - b.ordinal);
      expect(await sorted()).toEqual([
        { ...first, ordinal: 0, state: '{"n":0}' },
        { ...first, ordinal: 2, state: '{"n":2}' },
      ]);
      expect((await kindsOf(rivals([change(0, 1, 'ü'.repeat(50_000)), change(2, 1, null)]))).sort()).toEqual(oneWins);
      expect(await stored()).toEqual([{ ...first, ordinal: 0, version: 2, state: 'ü'.repeat(50_000) }]);
      expect(await store.query('select count(*) from millrace_audit where root = $1::uuid', [root.id])).toEqual([
        ['2'],
      ]);
      // One that is stale takes the others with it.
      const mixed = { shared: [change(0, 2, '{}'), change(1, 0, '{}'), change(2, 1, '{}')] };
      expect(await commit({ ...mixed, marks: [markOf(segment, [0])] })).toBe('stale');
      expect(await commit({ shared: [change(0, 2, '{}'), change(1, 0, '{}')], marks: [markOf(segment, [0])] })).toBe(
        'committed',
      );
      expect((await sorted()).map(({ ordinal, version }) => [ordinal, version])).toEqual([
        [0, 3],
        [1, 1],
      ]);
      expect(await store.shared([])).toEqual([]);
      expect(await store.shared([{ root: ids.nextRoot(), ordinal: 0 }])).toEqual([]);
    });

    test('commits that meet at segments and at what contexts share, in any order, never wait in a circle', async () => {
      const made = await Promise.all([submitted(4), submitted(4)]);
      const versions = new Map<string, number>();
      const round = async (turn: number): Promise<number> => {
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, at) => {
            const [a, b] = (at + turn) % 2 === 0 ? made : [...made].reverse();
            const shared = [a!, b!].flatMap(({ root, segment }) =>
              [at % 4, (at + 1) % 4].map(ordinal => {
                const version = versions.get(instanceId(root.id, ordinal)) ?? 0;
                return { root: root.id, ordinal, workflow: 1, name: segment.name, version, state: `{"at":${at}}` };
              }),
            );
            const guards = [guardOf(a!.segment, [at % 4]), guardOf(b!.segment, [at % 4])];
            return store.commit({ ...nothing(), shared: at % 2 === 0 ? shared : shared.reverse(), guards });
          }),
        );
        const keys = made.flatMap(({ root }) => [0, 1, 2, 3].map(ordinal => ({ root: root.id, ordinal })));
        for (const each of await store.shared(keys)) versions.set(instanceId(each.root, each.ordinal), each.version);
        return answers.filter(({ kind }) => kind === 'committed').length;
      };
      let committed = 0;
      for (let turn = 0; turn < 5; turn++) committed += await round(turn);
      expect(committed).toBeGreaterThanOrEqual(5);
      // Each commit that held has made four versions.
      expect([...versions.values()].reduce((sum, version) => sum + version, 0)).toBe(committed * 4);
    });

    test('contexts of an instance are found by number, or all, while it is in their segments', async () => {
      const { root, segment: plain } = await submitted(4);
      const part = (context: number, ordinals: number[], state: Segment['state'] = 'ready') =>
        segmentOf(root, ordinals, { context, scope: context - 1, hasRun: context === 2, state, place: context });
      const segments = [part(1, [0, 1, 2], 'waiting'), part(2, [1, 2]), part(3, [2, 0], 'joining'), part(2, [0])];
      for (const each of segments) each.ordinals.sort();
      expect(await commit({ segments, marks: [markOf(plain, [0, 1, 2])] })).toBe('committed');
      const [first, second, third, other] = segments as [Segment, Segment, Segment, Segment];
      const of = async (ordinal: number, contexts: number[] | null): Promise<string[]> => {
        const found = await store.contextsOf([{ root: root.id, ordinal, contexts }]);
        for (const each of found) expect(segments).toContainEqual(each);
        return found.map(({ id }) => id);
      };
      expect(await of(0, null)).toEqual([first.id, third.id, other.id]);
      expect(await of(1, null)).toEqual([first.id, second.id]);
      expect(await of(3, null)).toEqual([]);
      expect(await of(2, [2, 3, 9])).toEqual([second.id, third.id]);
      expect(await of(0, [2])).toEqual([other.id]);
      expect(await of(499, [1])).toEqual([]);
      expect(await of(0, [])).toEqual([]);
      const both = await store.contextsOf([
        { root: root.id, ordinal: 1, contexts: [1, 2] },
        { root: root.id, ordinal: 2, contexts: null },
        { root: root.id, ordinal: 0, contexts: [1] },
      ]);
      expect(both).toEqual([first, second, third]);
      expect(await store.contextsOf([])).toEqual([]);

      const left = { marks: [markOf(first, [1]), markOf(second, [0])] };
      expect(await commit(left)).toBe('committed');
      expect(await of(1, null)).toEqual([]);
      expect(await store.locate(instanceId(root.id, 1))).toBeNull();
      const gone = (await read(first.id))!;
      expect(await store.locate(instanceId(root.id, 2))).toEqual({
        kind: 'open',
        instance: instanceId(root.id, 2),
        contexts: [
          { segment: gone, position: 2 },
          { segment: await read(second.id), position: 1 },
          { segment: third, position: 1 },
        ],
      });
      // Operations and queues find them among the others.
      const scope = { kind: 'workflow', name: first.name } as const;
      let after = '00000000-0000-0000-0000-000000000000';
      const selected: Segment[] = [];
      for (let page = await store.select(scope, atMs, after, 500); page.length > 0; ) {
        selected.push(...page.filter(each => each.root === root.id));
        after = page[page.length - 1]!.id;
        page = await store.select(scope, atMs, after, 500);
      }
      expect(selected.map(({ id, state }) => [id, state])).toEqual([
        [plain.id, 'ready'],
        [first.id, 'waiting'],
        [second.id, 'ready'],
        [third.id, 'joining'],
        [other.id, 'ready'],
      ]);
    });

    test('failures stay with members that stand FAILED and go with those that no longer do', async () => {
      const root = rootOf(3);
      const failures = { errors: [{ code: 'X', message: 'm', action: 'a', attempt: 1, stack: '' }], of: [] };
      const segment = segmentOf(root, [0, 1, 2], { state: 'failed', failures });
      await commit({ roots: [root], segments: [segment] });
      expect(await commit({ marks: [markOf(segment, [1])], outcomes: [outcomeOf(segment, [1])] })).toBe('committed');
      expect(await commit({ changes: [changeOf(segment, { requests: 2 })] })).toBe('committed');
      const kept = await read(segment.id);
      expect(kept).toMatchObject({ failures, requests: 2, revision: 1 });
      expect(await commit({ changes: [changeOf(kept!, { state: 'ready' })] })).toBe('committed');
      expect(await read(segment.id)).toMatchObject({ failures: null, state: 'ready' });
    });

    test('one mark that is stale takes the whole commit with it', async () => {
      const first = await submitted(3);
      const second = await submitted(3);
      expect(await commit({ marks: [markOf(second.segment, [1])], outcomes: [outcomeOf(second.segment, [1])] })).toBe(
        'committed',
      );
      const both = {
        marks: [markOf(first.segment, [0, 1, 2]), markOf(second.segment, [1])],
        outcomes: [outcomeOf(first.segment, [0, 1, 2]), outcomeOf(second.segment, [1])],
      };
      expect(await commit(both)).toBe('stale');
      expect((await read(first.segment.id))!.open).toBe(3);
    });

    test('a commit the store cannot hold fails alone', async () => {
      const good = await Promise.all([submitted(1), submitted(1), submitted(1)]);
      const answers = await Promise.allSettled(
        good.map(({ segment, root }, at) =>
          store.commit({
            ...nothing(),
            marks: [markOf(segment, [0])],
            outcomes: [outcomeOf(segment, [0])],
            audit: [{ root: root.id, atMs, trace: at === 1 ? '["\0"]' : '[]', events: 0 }],
          }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await read(good[1]!.segment.id)).toBeDefined();
      expect(await read(good[2]!.segment.id)).toBeUndefined();
    });

    test('a commit sent again is recognised, also while the first one is under way', async () => {
      const { root, segment } = await submitted(2);
      const once = {
        ...nothing(),
        marks: [markOf(segment, [0])],
        outcomes: [outcomeOf(segment, [0])],
        audit: [trace(root.id)],
      };
      const answers = await Promise.all([store.commit(once), store.commit(once), store.commit(once)]);
      expect(answers.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed']);
      const repeats = answers.filter(answer => answer.kind === 'committed' && answer.isRepeat);
      expect(repeats).toHaveLength(2);
      expect((await read(segment.id))!.open).toBe(1);
      expect(await store.query('select count(*) from millrace_audit where root = $1::uuid', [root.id])).toEqual([
        ['1'],
      ]);
    });

    test('S5: of rivals that bring a root under one key one is applied, then and when the commits are forgotten', async () => {
      const root = rootOf(3);
      const rival = (): Commit => ({
        ...nothing(),
        keys: [root.id],
        roots: [root],
        segments: [segmentOf(root, [...root.ordinals])],
        audit: [trace(root.id)],
      });
      const first = rival();
      const answers = await Promise.all([store.commit(first), store.commit(rival()), store.commit(rival())]);
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['committed', 'key-known', 'key-known']);
      expect(await store.query('select count(*) from millrace_audit where root = $1::uuid', [root.id])).toEqual([
        ['1'],
      ]);
      // Its own answer, asked for again, is not somebody's repeat.
      const applied = answers[0]!.kind === 'committed';
      expect(applied ? (await store.commit(first)).kind : 'committed').toBe('committed');
      // A root whose id no commit remembers: its body does.
      const { root: older } = await submitted(2);
      expect(await commit({ keys: [older.id], roots: [older], segments: [] })).toBe('key-known');
      const fresh = rootOf(1);
      expect(await commit({ keys: [fresh.id, older.id], roots: [fresh, older] })).toBe('key-known');
      expect(await store.origin(fresh.id)).toBeNull();
    });

    test('names: one owner each, given up only by its owner, found with the others', async () => {
      const branch = newBranch();
      const { root } = await submitted(3);
      const [a, b, c] = [0, 1, 2].map(at => instanceId(root.id, at));
      const name = `${branch}ü 'quoted'`;
      expect(await commit({ names: [{ name, instance: a! }] })).toBe('committed');
      expect(await commit({ names: [{ name, instance: b! }] })).toBe('name-taken');
      expect(
        await commit({
          names: [
            { name: `${branch}x`, instance: b! },
            { name: `${branch}x`, instance: c! },
          ],
        }),
      ).toBe('name-taken');
      expect(await commit({ freedNames: [{ name, instance: c! }], names: [{ name, instance: b! }] })).toBe(
        'name-taken',
      );
      expect(await commit({ freedNames: [{ name, instance: a! }], names: [{ name, instance: b! }] })).toBe('committed');
      expect(await store.named([name, `${branch}nobody`, `${branch}x`])).toEqual(new Map([[name, b]]));
      expect(await store.named([])).toEqual(new Map());
    });

    test('select means a workflow, or all below a branch, up to a creation time, a page at a time', async () => {
      const branch = newBranch();
      const names = [
        `${branch}flow`,
        `${branch}flow/deep`,
        `${branch}flow-2`,
        `${branch}flow0`,
        `${branch.slice(0, -1)}-beside/flow`,
        `${branch}z/ü`,
      ];
      const segments: Segment[] = [];
      for (const [at, name] of names.entries()) {
        for (const late of [0, 10])
          segments.push((await submitted(2, { name, createdAtMs: atMs + late + at })).segment);
      }
      const idsOf = (test: (segment: Segment) => boolean): string[] =>
        segments
          .filter(test)
          .map(({ id }) => id)
          .sort();
      const select = async (scope: Parameters<Store['select']>[0], horizonMs: number): Promise<string[]> => {
        const found: string[] = [];
        for (let after: string | null = null; ; after = found[found.length - 1]!) {
          const page: Segment[] = await store.select(scope, horizonMs, after, 3);
          found.push(...page.map(({ id }) => id));
          if (page.length < 3) return found;
        }
      };
      const allMs = atMs + 100;
      expect(await select({ kind: 'workflow', name: `${branch}flow` }, allMs)).toEqual(
        idsOf(({ name }) => name === `${branch}flow`),
      );
      expect(await select({ kind: 'branch', branch }, allMs)).toEqual(idsOf(({ name }) => name.startsWith(branch)));
      expect(await select({ kind: 'branch', branch: `${branch}flow/` }, allMs)).toEqual(
        idsOf(({ name }) => name === `${branch}flow/deep`),
      );
      expect(await select({ kind: 'branch', branch }, atMs + 3)).toEqual(
        idsOf(({ name, createdAtMs }) => name.startsWith(branch) && createdAtMs <= atMs + 3),
      );
      expect(await select({ kind: 'workflow', name: `${branch}none` }, allMs)).toEqual([]);
    });

    test('a segment, a body and an origin come back as they were given', async () => {
      const root = rootOf(500);
      const ordinals = [...root.ordinals].filter(ordinal => ordinal % 7 !== 3);
      const full = segmentOf(root, ordinals, {
        body: ids.next(),
        workflow: 2_147_483_647,
        name: '/ü/日本 語/flow',
        priority: 10_000,
        place: 999,
        hasRun: true,
        context: 2_000,
        scope: 17,
        transaction: 5,
        attempt: 6,
        kills: 2,
        state: 'failed',
        eligibleAtMs: 32_503_679_999_999,
        createdAtMs: 1,
        requests: 7,
        memberRequests: { 0: 1, 499: 2 },
        failures: failuresOf(ordinals),
        revision: 3,
      });
      expect(await commit({ roots: [root], segments: [full] })).toBe('committed');
      expect(await read(full.id)).toEqual(full);
      const { id, ordinals: members, offsets, bytes } = root;
      expect(await store.bodies([root.id])).toEqual([{ id, root: id, ordinals: members, offsets, bytes }]);
      expect(await store.origin(root.id)).toEqual({ submitter: 'alice', createdAtMs: atMs });
      expect(await store.origin(ids.nextRoot())).toBeNull();
      expect(await store.locate(instanceId(root.id, 3))).toBeNull();
      expect(await store.locate(instanceId(root.id, 499))).toEqual({
        kind: 'open',
        instance: instanceId(root.id, 499),
        contexts: [{ segment: full, position: full.ordinals.indexOf(499) }],
      });
      expect(await store.locate(ids.nextRoot())).toBeNull();
      expect(await store.locate('no id')).toBeNull();
      expect(await store.segments([])).toEqual([]);
      expect(await store.bodies([])).toEqual([]);
    });

    test('a workflow gets a new version when its definition or its folder has changed, and only then', async () => {
      const name = `${newBranch()}flow`;
      const first = await store.putWorkflow(name, '{"a":1}', '/here', atMs);
      expect(first).toMatchObject({ name, version: 1, definition: '{"a":1}', baseFolder: '/here', createdAtMs: atMs });
      expect(await store.putWorkflow(name, '{"a":1}', '/here', atMs + 1)).toEqual(first);
      const second = await store.putWorkflow(name, '{"a":2}', '/here', atMs + 2);
      const third = await store.putWorkflow(name, '{"a":2}', '/there', atMs + 3);
      const fourth = await store.putWorkflow(name, '{"a":1}', '/here', atMs + 4);
      const versions = [first, second, third, fourth];
      expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
      expect(new Set(versions.map(({ number }) => number)).size).toBe(4);
      expect((await store.workflows()).filter(each => each.name === name)).toEqual(versions);
    });

    test('queries are told apart however alike they begin', async () => {
      const long = `select 'a text longer than the names of statements that a server tells apart, so that they`;
      expect(await store.query(`${long} are one'`, [])).toEqual([[expect.stringMatching(/are one$/)]]);
      expect(await store.query(`${long} are two'`, [])).toEqual([[expect.stringMatching(/are two$/)]]);
      await expect(store.query('select nonsense', [])).rejects.toThrow(/nonsense/);
      expect(await store.query('select $1::text, null::text', ['ü'])).toEqual([['ü', null]]);
    });

    deadlineConformance(() => store);

    test('housekeeping changes nothing that is open or not expired', async () => {
      const { segment, root } = await submitted(3);
      const before = await read(segment.id);
      for (let round = 0; round < 3; round++) await store.keepHouse(atMs + round);
      expect(await read(segment.id)).toEqual(before);
      expect((await store.bodies([root.id])).length).toBe(1);
    });

    messageConformance(() => store);
    runConformance(() => store);

    settingConformance(() => store);
  });
}
