// Submit: check everything, then store it durably, then offer it. Calls made while the store is busy travel together.
//
// Invariants:
//   U1. A call with a fault stores nothing; the message names the record and the field.
//   U2. What is answered is durable; the queue is told afterwards, and rebuilt from the store if it was not (D1).
//   U3. Given names are settled in the commit that stores their instances.
//   U4. A batch under a key is a root with that id, so that a repeat is refused by the store and answers the same ids.

import { engineRow } from '../../audit/engine-events.js';
import { EngineError } from '../../observe/errors.js';
import type { Offer } from '../../queue/contract.js';
import type { AuditRow, Commit, GivenName, RootBody, Segment } from '../../store/contract.js';
import { emptyCommit } from '../../store/empty-commit.js';
import { eventCode } from '../../workflow/events.js';
import { instanceId } from '../../workflow/instance-id.js';
import { withSubmitted } from '../deadlines/deadline-rows.js';
import type { EngineParts } from '../parts.js';
import { isRepeated, offerOfNew } from '../queueing/offers.js';
import { blamesValue, withPatience } from '../store-trouble.js';
import { type CheckedBatch, checkBatch, isSameBatch } from './batch-key.js';
import { OpenRoot } from './open-root.js';
import { type CheckedRecord, checkRecord, type SubmitRecord } from './submit-record.js';

interface Waiting {
  readonly records: readonly CheckedRecord[];
  readonly submitter: string;
  /** Id of the root they are to be, made by the client; `null`: any. */
  readonly key: string | null;
  /** Names to give up in the same commit. */
  readonly freedNames: readonly GivenName[];
  readonly resolve: (ids: string[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What a submit stands for in the audit. */
const callEvents = ['EnteringCall', 'J2seTransactionCommitted', 'ExitingCall'] as const;
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
  #unanswered = 0;

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
  submit(records: readonly SubmitRecord[], submitter: string): Promise<string[]> {
    return this.store(this.check(records, null), submitter);
  }

  /** What `store` is to store, or its fault; at once, for callers that have more to send behind it. */
  check(records: readonly SubmitRecord[], key: string | null): CheckedBatch {
    try {
      const checked = records.map((record, index) => checkRecord(record, index, this.#parts.definitions));
      return { records: checked, key: key === null ? null : checkBatch(key, checked), fault: null };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { records: [], key: null, fault: error };
    }
  }

  /**
   * As `submit`, or, under a key, a batch of which a repeat stores nothing and answers the same ids.
   *
   * @throws the batch's fault; EngineError `KEY_REUSED` when the key stands for other instances
   */
  store({ records, key, fault }: CheckedBatch, submitter: string): Promise<string[]> {
    if (fault !== null) return Promise.reject(fault);
    if (records.length === 0) return Promise.resolve([]);
    if (records.some(({ name }) => name !== null)) return this.#submitNamed(records, submitter);
    return this.#enqueue(records, { submitter, key });
  }

  /** Records that are not durable yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  #enqueue(
    records: readonly CheckedRecord[],
    more: Pick<Waiting, 'submitter'> & Partial<Pick<Waiting, 'key' | 'freedNames'>>,
  ): Promise<string[]> {
    this.#unanswered += records.length;
    return new Promise<string[]>((resolve, reject) => {
      this.#waiting.push({ records, key: null, freedNames: [], ...more, resolve, reject });
      this.#flush();
    }).finally(() => {
      this.#unanswered -= records.length;
    });
  }

  /** U3: look the names up, decide, store; when somebody takes a name in between, look again. */
  async #submitNamed(records: readonly CheckedRecord[], submitter: string): Promise<string[]> {
    for (let attempt = 1; ; attempt++) {
      const taken = await this.#parts.store.named(records.flatMap(({ name }) => (name === null ? [] : [name])));
      const fresh: CheckedRecord[] = [];
      const freed: GivenName[] = [];
      /** For each record: an id that was there before, or the index of the fresh record that stands for it. */
      const answers: (string | number)[] = [];
      const firstOf = new Map<string, number>();
      for (const [index, record] of records.entries()) {
        const { name, onConflict } = record;
        const before = name === null ? undefined : (firstOf.get(name) ?? taken.get(name));
        if (before !== undefined && onConflict === 'reject') {
          throw new EngineError('NAME_TAKEN', `record ${index}: name: "${name}" belongs to another instance`, {
            record: index,
          });
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
        const ids = fresh.length === 0 ? [] : await this.#enqueue(fresh, { submitter, freedNames: freed });
        return answers.map(answer => (typeof answer === 'string' ? answer : ids[answer]!));
      } catch (error) {
        const isRace = error instanceof EngineError && error.code === 'NAME_TAKEN';
        if (!isRace || attempt === nameAttemptsMax) throw error;
      }
    }
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
      const answer = await this.#commit(calls);
      const [only] = calls;
      if (answer !== 'key-known') for (const [at, call] of calls.entries()) call.resolve(answer[at]!);
      else if (calls.length > 1) for (const call of calls) await this.#store([call]);
      else only!.resolve(await this.#idsOfKnown(only!));
    } catch (error) {
      const isRefused = blamesValue(error) || (error instanceof EngineError && error.code === 'NAME_TAKEN');
      if (calls.length === 1 || !isRefused) for (const call of calls) call.reject(error);
      else for (const call of calls) await this.#store([call]);
    }
  }

  /** U4: what a repeat answers. */
  async #idsOfKnown({ key, records }: Waiting): Promise<string[]> {
    const [body] = await this.#parts.store.bodies([key!]);
    // Whose body is gone has expired since; the key is remembered a little longer.
    if (body !== undefined && !isSameBatch(body, records)) {
      throw new EngineError('KEY_REUSED', `batch ${key}: other instances were stored under this key`);
    }
    return records.map((_, ordinal) => instanceId(key!, ordinal));
  }

  async #commit(calls: readonly Waiting[]): Promise<string[][] | 'key-known'> {
    const { clock, store, queue, holdings, ids, health, metrics, filter, results, definitions } = this.#parts;
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
      if (open !== null && ((open as OpenRoot).submitter !== call.submitter || call.key !== null)) close();
      for (const record of call.records) {
        if (open !== null && call.key === null && (open as OpenRoot).isFullFor(record.text)) close();
        open ??= new OpenRoot(call.key ?? ids.nextRoot(), call.submitter);
        const id = instanceId(open.id, open.add(record));
        if (record.name !== null) names.push({ name: record.name, instance: id });
        answers[at]!.push(id);
      }
      if (call.key !== null) close();
    }
    close();
    const codes = callEvents.map(eventCode).filter(code => filter.allows(code));
    const audit = codes.length === 0 ? [] : this.#callRows(roots, codes, atMs);
    const plain: Commit = {
      ...emptyCommit(ids.next(), atMs),
      roots,
      segments,
      names,
      freedNames: calls.flatMap(({ freedNames }) => freedNames),
      keys: calls.flatMap(({ key }) => key ?? []),
      audit,
    };
    const commit = withSubmitted(plain, workflow => definitions.byNumber(workflow).plan, ids);
    // Under its id it is recognised when only the answer was lost (S4).
    const { openings } = queue;
    const answer = await withPatience(() => store.commit(commit), clock);
    health.storeSucceeded();
    if (answer.kind === 'key-known') return 'key-known';
    if (answer.kind !== 'committed')
      throw new EngineError('NAME_TAKEN', `a name is taken: ${names.map(({ name }) => name).join(', ')}`);
    for (const root of roots) {
      holdings.holdBody(root);
      results.submitted(root.id, root.ordinals.length);
      metrics.submitted.add(root.ordinals.length);
    }
    const offers: Offer[] = [];
    const mayBeStale = isRepeated(answer) || queue.openings !== openings;
    for (const segment of segments) {
      holdings.holdSegment(segment);
      offers.push(offerOfNew(segment, mayBeStale));
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
