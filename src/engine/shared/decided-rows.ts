// What was decided for instances with several contexts, as rows of a commit.

import { errorText } from '../../dispatch/error-variable.js';
import type { Standing, Step } from '../../flow/shared/happening.js';
import { type KeptState, textOfState } from '../../flow/shared/text.js';
import { resultText, splitWorkflow, textOf } from '../../flow/shared/variables.js';
import { noBits } from '../../store/bitmap.js';
import {
  type Body,
  type Outcome,
  type RootBody,
  request,
  type Segment,
  type SharedChange,
} from '../../store/contract.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { JsonObject } from '../../workflow/model.js';
import { workflowKey } from '../../workflow/written.js';
import type { CommitItem } from '../commit/commit-builder.js';
import { type FailedWith, failuresOf } from '../commit/failures.js';
import { Packing } from '../commit/packing.js';
import { ascending, errorOf, expediteKept } from '../commit/standing.js';
import type { KnownWorkflow } from '../definitions/definitions.js';
import type { IdSource } from '../ids.js';
import { requestsAt } from '../operations/member-requests.js';
import { OpenRoot } from '../submit/open-root.js';
import type { Decided, SharedWork } from './decide.js';
import { type GatheredInstance, keyOf, type Occurrence } from './gathered.js';
import type { OpenedInstance } from './opened.js';
import { type SignalledMembers, signalledMembers } from './signalled-members.js';
import { stoodAs } from './stood-as.js';
import { stoodWith } from './stood-with.js';
import { payloadOf } from './texts.js';

/** Members of an item that came to the same. */
export interface SharedFate {
  readonly item: CommitItem;
  readonly members: readonly number[];
  /** What the audit says became of them: `ended` is the end of a context alone. */
  readonly after: 'moved' | 'ended' | 'finished' | 'removed' | 'handed' | 'failed';
  /** Contexts that begin because of it. */
  readonly starts: number;
  /** Body with what they wrote. */
  readonly body: string | null;
  /** False: they were withdrawn, and nothing of it is applied. */
  readonly keepsWork: boolean;
  /** A signal has ended the action that they ran last. */
  readonly onSignal: boolean;
}

export interface SharedRows {
  readonly fates: readonly SharedFate[];
  /** Positions of contexts in the store that leave their segments, by segment. */
  readonly leaving: ReadonlyMap<Segment, readonly number[]>;
  readonly segments: readonly Segment[];
  readonly bodies: readonly Body[];
  readonly outcomes: readonly Outcome[];
  readonly shared: readonly SharedChange[];
  readonly roots: readonly RootBody[];
  /** Contexts that a signal has ended while they waited. */
  readonly signalled: readonly SignalledMembers[];
}

const encoder = new TextEncoder();

/** Texts of members of one root and one context: one body. */
class OpenBody {
  readonly id: string;
  readonly #texts = new Map<number, Uint8Array>();

  constructor(
    readonly root: string,
    ids: IdSource,
  ) {
    this.id = ids.next();
  }

  add(ordinal: number, text: Uint8Array): void {
    this.#texts.set(ordinal, text);
  }

  body(): Body {
    const packing = new Packing();
    for (const [ordinal, bytes] of this.#texts) {
      packing.add(Uint16Array.of(ordinal), { bytes, offsets: Int32Array.of(0, bytes.length) });
    }
    return { id: this.id, root: this.root, ...packing.finish() };
  }
}

interface OpenSegment {
  readonly model: Segment;
  readonly ordinals: number[];
  readonly errors: Map<number, FailedWith>;
}

export class SharedRowsBuilder {
  readonly #work: SharedWork;
  readonly #atMs: number;
  readonly #ids: IdSource;
  readonly #known: (workflow: number) => KnownWorkflow;
  readonly #bodies = new Map<string, OpenBody>();
  readonly #segments = new Map<string, OpenSegment>();
  readonly #leaving = new Map<Segment, number[]>();
  readonly #outcomes = new Map<string, { model: Outcome; ordinals: number[] }>();
  readonly #shared: SharedChange[] = [];
  readonly #fates = new Map<CommitItem, Map<string, { fate: SharedFate; members: number[] }>>();
  readonly #roots: RootBody[] = [];
  readonly #submitted: Segment[] = [];

  constructor(work: SharedWork, atMs: number, ids: IdSource, known: (workflow: number) => KnownWorkflow) {
    this.#work = work;
    this.#atMs = atMs;
    this.#ids = ids;
    this.#known = known;
  }

  build(): SharedRows {
    for (const decided of this.#work.decided) for (const member of decided.members) this.#add(decided, member);
    return {
      fates: [...this.#fates.values()].flatMap(fates =>
        [...fates.values()].map(({ fate, members }) => ({ ...fate, members: members.sort((a, b) => a - b) })),
      ),
      leaving: this.#leaving,
      segments: [...[...this.#segments.values()].map(segmentOf), ...this.#submitted],
      bodies: [...this.#bodies.values()].map(open => open.body()),
      outcomes: [...this.#outcomes.values()].map(({ model, ordinals }) => ({
        ...model,
        ordinals: ascending(ordinals),
      })),
      shared: this.#shared,
      roots: this.#roots,
      signalled: signalledMembers(this.#work.decided, workflow => this.#known(workflow).plan),
    };
  }

  #add(decided: Decided, member: OpenedInstance): void {
    const { step } = decided;
    const { gathered } = member;
    const segments = this.#work.stored.get(keyOf(gathered.root, gathered.ordinal));
    const touched = new Set(gathered.occurrences.map(({ happening }) => happening.context || 1));
    for (const context of step.leaving) this.#leave(segments?.get(context), gathered.ordinal);
    for (const { context } of step.standing) {
      if (!touched.has(context)) this.#leave(segments?.get(context), gathered.ordinal);
    }
    const written = this.#written(decided, member);
    for (const standing of step.standing) this.#stand(gathered, standing, written);
    this.#change(decided, member, written.variables);
    if (step.end !== null) this.#end(decided, gathered, step.end);
    for (const { workflow, context } of step.submits) {
      const { key } = gathered.occurrences[0]?.item.held.segment ?? segments!.get(context)!;
      this.#submit({ workflow, key, written: this.#work.texts.of(gathered, context) }, gathered);
    }
    this.#tell(step, gathered, written.bodyOf);
  }

  /** A context that is in the store leaves its segment; one that begins with this commit has none. */
  #leave(segment: Segment | undefined, ordinal: number): void {
    if (segment === undefined) return;
    const positions = this.#leaving.get(segment) ?? [];
    positions.push(segment.ordinals.indexOf(ordinal));
    this.#leaving.set(segment, positions);
  }

  /** What the transactions in hand wrote: in bodies of their own, without what belongs to the workflow scope. */
  #written({ variablesScopeOf, state, step }: Decided, { gathered, variables }: OpenedInstance) {
    const bodyOf = new Map<number, string | null>();
    const merged: { [scope: string]: JsonObject } = {};
    for (const [scope, own] of Object.entries(variables)) if (state.open[scope] !== undefined) merged[scope] = own;
    for (const occurrence of gathered.occurrences) {
      const { item, happening } = occurrence;
      const context = happening.context || 1;
      const payload = payloadOf(occurrence);
      // What a plain instance wrote in workflow scope is shared from now on, whenever it did.
      const bytes = payload ?? this.#work.texts.ofPlain(gathered);
      const split = bytes === null ? null : splitBytes(bytes);
      if (payload === null && split === null) {
        bodyOf.set(context, item.held.segment.body);
        continue;
      }
      if (split !== null && !step.dropped.includes(context)) {
        const scope = variablesScopeOf.get(happening.scope) ?? 0;
        if (state.open[scope] !== undefined) merged[scope] = { ...merged[scope], ...split.workflow };
      }
      const open = this.#body(`${gathered.root} ${context} of`, gathered.root);
      open.add(gathered.ordinal, split === null ? bytes! : encoder.encode(split.own));
      bodyOf.set(context, open.id);
    }
    return { bodyOf, variables: merged };
  }

  #body(key: string, root: string): OpenBody {
    let open = this.#bodies.get(key);
    if (open === undefined) {
      open = new OpenBody(root, this.#ids);
      this.#bodies.set(key, open);
    }
    return open;
  }

  #stand(
    gathered: GatheredInstance,
    standing: Standing,
    { bodyOf }: { readonly bodyOf: ReadonlyMap<number, string | null> },
  ): void {
    const { context, from, scope, workflow, place, hasRun } = standing;
    const { root, ordinal } = gathered;
    const own = occurrenceOf(gathered, from);
    const stored = this.#work.stored.get(keyOf(root, ordinal))?.get(from);
    const base = own?.item.held.segment ?? stored;
    if (base === undefined) throw new Error(`context ${from} of ${instanceId(root, ordinal)} is not in the store`);
    const asked =
      own === undefined
        ? requestsAt(base, base.ordinals.indexOf(ordinal)) | (base.state === 'paused' ? request.pause : 0)
        : (own.isPaused ? request.pause : 0) | expediteKept(own.item);
    const isReady = standing.state === 'ready';
    const isPaused = isReady && (asked & request.pause) !== 0;
    const model: Segment = {
      ...base,
      id: '',
      body: this.#bodyFor(gathered, standing, bodyOf, base),
      workflow,
      place,
      hasRun,
      context,
      scope,
      ...stoodAs(standing, base, own, this.#atMs),
      state: isPaused ? 'paused' : standing.state,
      requests: isReady ? asked & (request.remove | request.expedite) : asked,
      memberRequests: null,
      failures: null,
      revision: 0,
    };
    const key = `${root} ${context} ${scope} ${workflow} ${place} ${hasRun} ${model.state} ${model.transaction} ${model.attempt} ${model.kills} ${model.eligibleAtMs} ${model.body} ${model.priority} ${model.createdAtMs} ${model.requests} ${model.waitsFor} ${model.name}\n${model.key ?? ''}`;
    let open = this.#segments.get(key);
    if (open === undefined) {
      open = { model: { ...model, id: this.#ids.next() }, ordinals: [], errors: new Map() };
      this.#segments.set(key, open);
    }
    open.ordinals.push(ordinal);
    const error = stoodWith(standing, gathered, stored);
    if (error !== null) open.errors.set(ordinal, error);
  }

  #bodyFor(
    gathered: GatheredInstance,
    { context, source, isRetry, stays }: Standing,
    bodyOf: ReadonlyMap<number, string | null>,
    base: Segment,
  ): string | null {
    if (isRetry || stays !== undefined) return bodyOf.has(context) ? bodyOf.get(context)! : base.body;
    const { root, ordinal } = gathered;
    const { texts, stored } = this.#work;
    if (source.kind === 'of') {
      const of = bodyOf.get(source.context);
      return of !== undefined ? of : (stored.get(keyOf(root, ordinal))?.get(source.context)?.body ?? null);
    }
    const text = textOf(source, {
      of: each => texts.of(gathered, each),
      errorOf: each => {
        const own = occurrenceOf(gathered, each);
        return own === undefined ? 'null' : errorText(errorOf(own.item, own.member)!, base.attempt);
      },
    });
    const own = splitWorkflow(text)?.own ?? text;
    const open = this.#body(`${root} ${context} ${source.kind}`, root);
    open.add(ordinal, encoder.encode(own));
    return open.id;
  }

  #change(
    { step, machine, workflow }: Decided,
    { gathered, version }: OpenedInstance,
    variables: KeptState['variables'],
  ): void {
    const { root, ordinal } = gathered;
    if (step.end !== null && version === 0) return;
    const state = step.end !== null ? null : textOfState(machine, variables);
    this.#shared.push({ root, ordinal, workflow, name: this.#known(workflow).plan.name, version, state });
  }

  #end({ workflow }: Decided, gathered: GatheredInstance, { state, result }: NonNullable<Step['end']>): void {
    const { root, ordinal } = gathered;
    const text = result === null || state === 'removed' ? null : resultText(this.#work.texts.of(gathered, result));
    let body: string | null = null;
    if (text !== null) {
      const open = this.#body(`${root} 0 end`, root);
      open.add(ordinal, encoder.encode(text));
      body = open.id;
    }
    const key = `${root} ${workflow} ${state} ${body}`;
    let open = this.#outcomes.get(key);
    if (open === undefined) {
      const { name } = this.#known(workflow).plan;
      open = {
        model: { root, workflow, name, state, finishedAtMs: this.#atMs, ordinals: new Uint16Array(), body },
        ordinals: [],
      };
      this.#outcomes.set(key, open);
    }
    open.ordinals.push(ordinal);
  }

  /** A workflow that nobody waits for begins as an instance of its own, whose work it is still. */
  #submit(
    { workflow, key, written }: { readonly workflow: number; readonly key: string | null; readonly written: string },
    { root, ordinal }: GatheredInstance,
  ): void {
    const { plan, version } = this.#known(workflow);
    const open = new OpenRoot(this.#ids.nextRoot(), instanceId(root, ordinal));
    const { priority } = plan;
    const text = resultText(written) ?? '{}';
    open.add({
      workflow: { plan, version },
      text,
      priority,
      key,
      name: null,
      onConflict: 'return',
      eligibleAtMs: null,
    });
    this.#roots.push(open.body(this.#atMs));
    this.#submitted.push(...open.segments(this.#atMs));
  }

  /** For the audit: what became of each of those to which something happened. */
  #tell(step: Step, { occurrences }: GatheredInstance, bodyOf: ReadonlyMap<number, string | null>): void {
    const standing = new Set(step.standing.map(({ context }) => context));
    const starts = step.standing.filter(({ context, from, state }) => context !== from && state !== 'joining').length;
    for (const [at, occurrence] of occurrences.entries()) {
      const { item, member, happening } = occurrence;
      const context = happening.context || 1;
      const isLast = at === occurrences.length - 1;
      const after =
        exitOf(happening) ??
        (isLast && step.end !== null ? step.end.state : hasEnded(occurrence, step, standing) ? 'ended' : 'moved');
      const body = item.payload === null ? null : (bodyOf.get(context) ?? null);
      const fates = this.#fates.get(item) ?? new Map<string, { fate: SharedFate; members: number[] }>();
      this.#fates.set(item, fates);
      const keepsWork = !step.dropped.includes(context);
      const onSignal = step.signalled.some(each => each.hasRun && each.context === context);
      const key = `${after} ${isLast ? starts : 0} ${body} ${keepsWork} ${onSignal}`;
      let told = fates.get(key);
      if (told === undefined) {
        const fate: SharedFate = { item, members: [], after, starts: isLast ? starts : 0, body, keepsWork, onSignal };
        told = { fate, members: [] };
        fates.set(key, told);
      }
      told.members.push(member);
    }
  }
}

/** Of a failure that a handler is given, or gives up. */
function exitOf({ what }: Occurrence['happening']): 'handed' | 'failed' | null {
  if (what.kind === 'handed') return 'handed';
  return what.kind === 'gaveUp' ? 'failed' : null;
}

/** An execution flow is finished where it ends, and where it comes to a join. */
function hasEnded({ happening }: Occurrence, step: Step, standing: ReadonlySet<number>): boolean {
  const context = happening.context || 1;
  if (!standing.has(context)) return true;
  return step.standing.some(each => each.context === context && each.state === 'joining');
}

/** `splitWorkflow` of an encoded text; few name the key, and the others stay as they are. */
function splitBytes(bytes: Uint8Array): ReturnType<typeof splitWorkflow> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return text.includes(workflowKey) ? splitWorkflow(text.toString()) : null;
}

function occurrenceOf({ occurrences }: GatheredInstance, context: number): Occurrence | undefined {
  return occurrences.find(({ happening }) => (happening.context || 1) === context);
}

function segmentOf({ model, ordinals, errors }: OpenSegment): Segment {
  const members = ascending(ordinals);
  const segment = { ...model, ordinals: members, open: members.length, gone: noBits(members.length) };
  if (errors.size < members.length) return segment;
  const failures = failuresOf(
    Array.from(members, ordinal => errors.get(ordinal)!),
    model.attempt + 1,
  );
  return { ...segment, failures };
}
