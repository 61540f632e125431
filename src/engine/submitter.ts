// Submit: check everything, then store it durably, then offer it. Calls made while the store is busy travel together.
//
// Invariants:
//   U1. A call with a fault stores nothing; the message names the record and the field.
//   U2. What is answered is durable; the queue is told afterwards, and rebuilt from the store if it was not (D1).
//   U3. Given names are settled in the commit that stores their instances.

import { engineRow } from '../audit/engine-events.js';
import { EngineError } from '../observe/errors.js';
import type { Offer } from '../queue/contract.js';
import { emptyBitmap } from '../store/bitmap.js';
import type { AuditRow, Commit, GivenName, RootBody, Segment } from '../store/contract.js';
import { eventCode } from '../workflow/events.js';
import { checkInput } from '../workflow/input.js';
import { instanceId, lastPart, rootMembersMax, splitInstanceId } from '../workflow/instance-id.js';
import type { JsonObject } from '../workflow/model.js';
import { emptyCommit } from './commit-builder.js';
import { offerOf } from './committer.js';
import type { KnownWorkflow } from './definitions.js';
import type { EngineParts } from './parts.js';
import { blamesValue, withPatience } from './store-trouble.js';

const onConflicts = ['return', 'replace', 'reject'] as const;
type OnConflict = (typeof onConflicts)[number];

/** One instance to be. */
export interface SubmitRecord {
  /** Full name of a deployed workflow; its newest version runs. */
  readonly workflow: string;
  /** The instance's variables at its start. Default `{}`. */
  readonly input?: JsonObject;
  /** 1 (highest) to 10,000. Default: the workflow's own, else inherited. */
  readonly priority?: number;
  /** A name of the instance's own, unique while it lives and through its history; without a `/` at either end. */
  readonly name?: string;
  /** When `name` is taken: answer with its instance (default), submit in its place, or refuse. */
  readonly onConflict?: OnConflict;
  /** Not to start before, milliseconds since 1970. Default: now. */
  readonly eligibleAtMs?: number;
}

interface Checked {
  readonly workflow: KnownWorkflow;
  readonly text: string;
  readonly priority: number | null;
  readonly name: string | null;
  readonly onConflict: OnConflict;
  readonly eligibleAtMs: number | null;
}

interface Waiting {
  readonly records: readonly Checked[];
  readonly submitter: string;
  /** Names to give up in the same commit. */
  readonly freedNames: readonly GivenName[];
  readonly resolve: (ids: string[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What a submit stands for in the audit. */
const callEvents = ['EnteringCall', 'J2seTransactionCommitted', 'ExitingCall'] as const;
const rootBytesMax = 256 * 1_024;
const commitsUnderWayMax = 2;
/** Records that go in one commit at most, unless a single call has more. */
const commitRecordsMax = 4_000;

/** Times a name is looked up again when another submit takes it in between. */
const nameAttemptsMax = 100;

export class Submitter {
  readonly #parts: EngineParts;
  readonly #remove: (instance: string, user: string) => Promise<unknown>;
  #waiting: Waiting[] = [];
  #underWay = 0;

  /** @param remove takes the instance away whose name a submit with `replace` wants */
  constructor(parts: EngineParts, remove: (instance: string, user: string) => Promise<unknown>) {
    this.#parts = parts;
    this.#remove = remove;
  }

  /**
   * Store instances; resolves with their ids, in order, when they are durable.
   *
   * @throws EngineError `INPUT_INVALID`, `WORKFLOW_UNKNOWN`: nothing was stored
   */
  async submit(records: readonly SubmitRecord[], submitter: string): Promise<string[]> {
    const checked = await this.#checkAll(records);
    if (checked.length === 0) return [];
    if (checked.some(({ name }) => name !== null)) return this.#submitNamed(checked, submitter);
    return this.#enqueue(checked, submitter, []);
  }

  #enqueue(records: readonly Checked[], submitter: string, freedNames: readonly GivenName[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, submitter, freedNames, resolve, reject });
      this.#flush();
    });
  }

  /** U3: look the names up, decide, store; when somebody takes a name in between, look again. */
  async #submitNamed(records: readonly Checked[], submitter: string): Promise<string[]> {
    for (let attempt = 1; ; attempt++) {
      const taken = await this.#parts.store.named(records.flatMap(({ name }) => (name === null ? [] : [name])));
      const fresh: Checked[] = [];
      const freed: GivenName[] = [];
      /** For each record: an id that was there before, or the index of the fresh record that stands for it. */
      const answers: (string | number)[] = [];
      const firstOf = new Map<string, number>();
      for (const [index, record] of records.entries()) {
        const { name, onConflict } = record;
        const before = name === null ? undefined : (firstOf.get(name) ?? taken.get(name));
        if (before !== undefined && onConflict === 'reject') {
          throw new EngineError('NAME_TAKEN', `record ${index}: name: "${name}" belongs to another instance`);
        }
        if (before !== undefined && (onConflict === 'return' || typeof before === 'number')) {
          answers.push(before);
          continue;
        }
        if (before !== undefined) freed.push({ name: name!, instance: before });
        if (name !== null) firstOf.set(name, fresh.length);
        answers.push(fresh.length);
        fresh.push(record);
      }
      // U1: nobody is removed before every record of the call has been decided.
      for (const { instance } of freed) await this.#remove(instance, submitter);
      try {
        const ids = fresh.length === 0 ? [] : await this.#enqueue(fresh, submitter, freed);
        return answers.map(answer => (typeof answer === 'string' ? answer : ids[answer]!));
      } catch (error) {
        const isRace = error instanceof EngineError && error.code === 'NAME_TAKEN';
        if (!isRace || attempt === nameAttemptsMax) throw error;
      }
    }
  }

  /** A workflow that is not known here may have been deployed by another engine: the store is asked once. */
  async #checkAll(records: readonly SubmitRecord[]): Promise<Checked[]> {
    const check = (): Checked[] => records.map((record, index) => this.#check(record, index));
    try {
      return check();
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'WORKFLOW_UNKNOWN') throw error;
      await this.#parts.definitions.load();
      return check();
    }
  }

  #check(record: SubmitRecord, index: number): Checked {
    const refuse = (field: string, problem: string): never => {
      throw new EngineError('INPUT_INVALID', `record ${index}: ${field}: ${problem}`);
    };
    const input = checkInput(record.input ?? {});
    if (!input.ok) return refuse(input.fault.path === '' ? 'input' : `input.${input.fault.path}`, input.fault.message);
    const { priority, eligibleAtMs, name } = record;
    if (priority !== undefined && !(Number.isInteger(priority) && priority >= 1 && priority <= 10_000)) {
      refuse('priority', `${String(priority)} must be an integer from 1 to 10,000`);
    }
    if (
      eligibleAtMs !== undefined &&
      !(Number.isSafeInteger(eligibleAtMs) && eligibleAtMs >= 0 && eligibleAtMs < 32_503_680_000_000)
    ) {
      refuse('eligibleAtMs', `${String(eligibleAtMs)} must be milliseconds from 1970 to 3000`);
    }
    if (name !== undefined && !isName(name)) {
      refuse('name', 'must be 1 to 1,024 characters without control characters or lone surrogates');
    }
    if (name !== undefined && isTakenFor(name)) {
      refuse('name', 'must not begin or end with "/" nor be, or end with, an instance id after a "/"');
    }
    const onConflict = record.onConflict ?? 'return';
    if (!onConflicts.includes(onConflict)) {
      refuse('onConflict', `"${String(onConflict)}" must be ${onConflicts.map(each => `"${each}"`).join(', ')}`);
    }
    const workflow = this.#parts.definitions.newest(record.workflow);
    return {
      workflow,
      text: input.value,
      priority: priority ?? workflow.plan.priority,
      name: name ?? null,
      onConflict,
      eligibleAtMs: eligibleAtMs ?? null,
    };
  }

  #flush(): void {
    while (this.#underWay < commitsUnderWayMax && this.#waiting.length > 0) {
      let count = 0;
      let records = 0;
      while (
        count < this.#waiting.length &&
        (count === 0 || records + this.#waiting[count]!.records.length <= commitRecordsMax)
      ) {
        records += this.#waiting[count]!.records.length;
        count += 1;
      }
      const calls = this.#waiting.splice(0, count);
      this.#underWay += 1;
      void this.#store(calls).finally(() => {
        this.#underWay -= 1;
        this.#flush();
      });
    }
  }

  /** Calls in one commit; when it is refused and there are several, one by one, so that none fails for another. When the
   * store did not answer it may have been applied: storing it again would make every instance twice, so all are told. */
  async #store(calls: readonly Waiting[]): Promise<void> {
    try {
      const ids = await this.#commit(calls);
      for (const [at, call] of calls.entries()) call.resolve(ids[at]!);
    } catch (error) {
      const isRefused = blamesValue(error) || (error instanceof EngineError && error.code === 'NAME_TAKEN');
      if (calls.length === 1 || !isRefused) for (const call of calls) call.reject(error);
      else for (const call of calls) await this.#store([call]);
    }
  }

  async #commit(calls: readonly Waiting[]): Promise<string[][]> {
    const { clock, store, queue, holdings, ids, health, metrics, filter, results } = this.#parts;
    const atMs = clock.nowMs();
    const roots: RootBody[] = [];
    const segments: Segment[] = [];
    const names: GivenName[] = [];
    const answers: string[][] = calls.map(() => []);
    let open: OpenRoot | null = null;
    const close = (): void => {
      if (open === null) return;
      roots.push(open.body(atMs));
      segments.push(...open.segments(atMs));
      open = null;
    };
    for (const [at, call] of calls.entries()) {
      if (open !== null && (open as OpenRoot).submitter !== call.submitter) close();
      for (const record of call.records) {
        if (open !== null && (open as OpenRoot).isFullFor(record.text)) close();
        open ??= new OpenRoot(ids.nextRoot(), call.submitter);
        const id = instanceId(open.id, open.add(record));
        if (record.name !== null) names.push({ name: record.name, instance: id });
        answers[at]!.push(id);
      }
    }
    close();
    const codes = callEvents.map(eventCode).filter(code => filter.allows(code));
    const audit = codes.length === 0 ? [] : this.#callRows(roots, codes, atMs);
    const commit: Commit = {
      ...emptyCommit(ids.next(), atMs),
      roots,
      segments,
      names,
      freedNames: calls.flatMap(({ freedNames }) => freedNames),
      audit,
    };
    // Under its id it is recognised when only the answer was lost (S4).
    const answer = await withPatience(() => store.commit(commit), clock);
    health.storeSucceeded();
    if (answer.kind !== 'committed')
      throw new EngineError('NAME_TAKEN', `a name is taken: ${names.map(({ name }) => name).join(', ')}`);
    for (const root of roots) {
      holdings.holdBody(root);
      results.submitted(root.id, root.ordinals.length);
      metrics.submitted.add(root.ordinals.length);
    }
    const offers: Offer[] = [];
    for (const segment of segments) {
      holdings.holdSegment(segment);
      offers.push(offerOf(segment, 0, segment.ordinals.length));
    }
    await queue.offer(offers);
    this.#parts.wake();
    return answers;
  }

  /** The client's call in the audit, once a root. */
  #callRows(roots: readonly RootBody[], codes: readonly number[], atMs: number): AuditRow[] {
    const { engine } = this.#parts.build;
    return roots.map(({ id, submitter, ordinals }) =>
      engineRow(id, engine, submitter, codes, `submit of ${ordinals.length}`, atMs),
    );
  }
}

/** Given names are shown, logged and compared: no control characters, no lone surrogates. */
function isName(name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= 1_024 && !/[\p{Cc}\p{Cs}]/u.test(name);
}

/** Names that would be read as something else where an instance is named: a workflow, a branch, an id (see `idOf`). */
function isTakenFor(name: string): boolean {
  return name.startsWith('/') || name.endsWith('/') || splitInstanceId(lastPart(name)) !== null;
}

/** A root being filled. */
class OpenRoot {
  readonly #texts: string[] = [];
  #chars = 0;
  readonly #byKey = new Map<string, { record: Checked; ordinals: number[] }>();

  constructor(
    readonly id: string,
    readonly submitter: string,
  ) {}

  isFullFor(text: string): boolean {
    return this.#texts.length >= rootMembersMax || (this.#texts.length > 0 && this.#chars + text.length > rootBytesMax);
  }

  add(record: Checked): number {
    const ordinal = this.#texts.length;
    this.#texts.push(record.text);
    this.#chars += record.text.length;
    const key = `${record.workflow.version.number} ${record.priority} ${record.eligibleAtMs}`;
    const alike = this.#byKey.get(key);
    if (alike === undefined) this.#byKey.set(key, { record, ordinals: [ordinal] });
    else alike.ordinals.push(ordinal);
    return ordinal;
  }

  body(atMs: number): RootBody {
    // UTF-8 takes at most three bytes a UTF-16 unit.
    const buffer = Buffer.allocUnsafe(this.#chars * 3);
    const offsets = new Int32Array(this.#texts.length + 1);
    let at = 0;
    for (const [index, text] of this.#texts.entries()) {
      at += buffer.write(text, at);
      offsets[index + 1] = at;
    }
    const bytes = new Uint8Array(at);
    bytes.set(buffer.subarray(0, at));
    const ordinals = Uint16Array.from(this.#texts.keys());
    return { id: this.id, root: this.id, ordinals, offsets, bytes, submitter: this.submitter, createdAtMs: atMs };
  }

  segments(atMs: number): Segment[] {
    return [...this.#byKey.values()].map(({ record, ordinals }, index) => ({
      // See `isFirstSegment`.
      id: instanceId(this.id, 0xf000 + index),
      root: this.id,
      body: null,
      workflow: record.workflow.version.number,
      name: record.workflow.plan.name,
      priority: record.priority,
      place: record.workflow.plan.starts[0]!,
      transaction: 0,
      attempt: 0,
      kills: 0,
      state: 'ready',
      eligibleAtMs: record.eligibleAtMs ?? atMs,
      createdAtMs: atMs,
      ordinals: Uint16Array.from(ordinals),
      open: ordinals.length,
      gone: emptyBitmap(ordinals.length),
      requests: 0,
      memberRequests: null,
      failures: null,
      revision: 0,
    }));
  }
}
