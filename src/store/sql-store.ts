// The Store contract in SQL, written once for every home: PGlite on disk and in memory, PostgreSQL.

import { createHash, randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../observe/clock.js';
import { EngineError } from '../observe/errors.js';
import { instanceId, splitInstanceId } from '../workflow/instance-id.js';
import { decode, encode } from './binary.js';
import { hasBit } from './bitmap.js';
import type {
  Body,
  Commit,
  CommitAnswer,
  ContextsOf,
  HouseReport,
  InstanceKey,
  Located,
  Outcome,
  Scope,
  Segment,
  Shared,
  Sleeper,
  Store,
  StoreInfo,
  TextRow,
  WorkflowVersion,
} from './contract.js';
import { type Deadlines, SqlDeadlines } from './deadlines.js';
import { type SqlCall, type SqlDriver, SqlError, type SqlRows } from './driver.js';
import { Generations, type Retention } from './generations.js';
import { House } from './house.js';
import { type Members, SqlMembers } from './members.js';
import { type Messages, SqlMessages } from './messages.js';
import { migrate } from './migrations/index.js';
import { bodyOfRow, commitCalls, keyParameters, outcomeOfRow, segmentOfRow, sharedOfRow, touchedBy } from './rows.js';
import { type Runs, SqlRuns } from './runs.js';
import { type Settings, SqlSettings } from './settings.js';
import { putCatalogue } from './sql/catalogue.js';
import { recordCommit, takeKeys, takeNames } from './sql/commit.js';
import { putStoreId, readStoreId } from './sql/identity.js';
import * as read from './sql/read.js';
import { textRows } from './text-rows.js';

/** An entry of the catalogue of events, for the views. */
export interface CatalogueEntry {
  readonly code: number;
  readonly name: string;
  readonly consoleName: string | null;
  readonly shortName: string;
  readonly family: string;
}

/** Behind a query of somebody else's: settings and role of the session are again those it was started with, which all
 * are start options. (RESET ALL leaves the role out.) */
const restoreSession: readonly SqlCall[] = ['reset session authorization', 'reset all'].map(text => ({
  statement: { name: text, text },
  parameters: [],
}));

const lowestId = '00000000-0000-0000-0000-000000000000';

/** Answers may be lost while a store is opened, when who held it goes: then it is opened once more. */
const openAttemptsMax = 3;

export class SqlStore implements Store {
  readonly #driver: SqlDriver;
  readonly members: Members;
  readonly messages: Messages;
  readonly deadlines: Deadlines;
  readonly runs: Runs;
  readonly settings: Settings;
  readonly #house: House;
  readonly #onCommitted: (commit: Commit) => void;
  readonly #beforeCommit: (() => Promise<void> | null) | null;

  private constructor(
    readonly id: string,
    readonly info: StoreInfo,
    driver: SqlDriver,
    generations: Generations,
    clock: Pick<Clock, 'monotonicMs'>,
    onCommitted: (commit: Commit) => void,
    beforeCommit: (() => Promise<void> | null) | null,
  ) {
    this.#driver = driver;
    this.members = new SqlMembers(driver);
    this.messages = new SqlMessages(driver);
    this.deadlines = new SqlDeadlines(driver);
    this.runs = new SqlRuns(driver);
    this.settings = new SqlSettings(driver);
    this.#house = new House(driver, generations, clock);
    this.#onCommitted = onCommitted;
    this.#beforeCommit = beforeCommit;
  }

  /**
   * Bring the schema and the catalogue of events up to date and open.
   *
   * @param clock times the steps of housekeeping
   * @param onCommitted told of each commit that is durable
   * @param beforeCommit rejects when a commit must not be made; `null`: go on at once
   */
  static async open(
    driver: SqlDriver,
    info: StoreInfo,
    retention: Retention,
    catalogue: readonly CatalogueEntry[],
    nowMs: number,
    clock: Pick<Clock, 'monotonicMs'> = systemClock,
    onCommitted: (commit: Commit) => void = () => undefined,
    beforeCommit: (() => Promise<void> | null) | null = null,
  ): Promise<SqlStore> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { id, generations } = await SqlStore.#prepare(driver, retention, catalogue, nowMs);
        return new SqlStore(id, info, driver, generations, clock, onCommitted, beforeCommit);
      } catch (error) {
        const passes = error instanceof EngineError && error.code === 'STORE_UNAVAILABLE';
        if (!passes || attempt === openAttemptsMax) throw error;
      }
    }
  }

  /** Nothing in it minds being done twice. */
  static async #prepare(
    driver: SqlDriver,
    retention: Retention,
    catalogue: readonly CatalogueEntry[],
    nowMs: number,
  ): Promise<{ id: string; generations: Generations }> {
    await migrate(driver);
    const [, , stored] = await driver.transaction([
      {
        statement: putCatalogue,
        parameters: [
          encode.int4Array(catalogue.map(({ code }) => code)),
          encode.textArray(catalogue.map(({ name }) => name)),
          encode.textArray(catalogue.map(({ consoleName }) => consoleName)),
          encode.textArray(catalogue.map(({ shortName }) => shortName)),
          encode.textArray(catalogue.map(({ family }) => family)),
        ],
      },
      { statement: putStoreId, parameters: [encode.uuid(randomUUID())] },
      { statement: readStoreId, parameters: [] },
    ]);
    return { id: decode.uuid(stored![0]![0]!), generations: await Generations.load(driver, retention, nowMs) };
  }

  async putWorkflow(name: string, definition: string, baseFolder: string, atMs: number): Promise<WorkflowVersion> {
    const lock = { statement: read.lockWorkflows, parameters: [] };
    const call = { statement: read.putWorkflow, parameters: [name, definition, baseFolder, encode.int8(atMs)] };
    const put = async (): Promise<SqlRows> => (await this.#driver.transaction([lock, call], { touches: [name] }))[1]!;
    const rows = await put().catch((error: unknown) => {
      if (!(error instanceof SqlError) || error.code !== '23505') throw error;
      // Another connection has taken the version that was next. Once more, now that it is there to be seen; who loses
      // twice is told.
      return put();
    });
    return workflowOfRow(rows[0]!, name);
  }

  async workflows(after = 0): Promise<WorkflowVersion[]> {
    const rows = await this.#rows({ statement: read.workflowsAfter, parameters: [encode.int4(after)] });
    return rows.map(row => workflowOfRow(row, decode.text(row[5]!)));
  }

  async commit(commit: Commit): Promise<CommitAnswer> {
    // Not a turn of the loop is waited for without need: who reads after this call sees what it leaves.
    const permission = this.#beforeCommit?.() ?? null;
    if (permission !== null) await permission;
    try {
      const touches = touchedBy(commit);
      await this.#driver.transaction(commitCalls(commit, this.#driver.isServer === true), { touches });
      this.#house.noteCommit();
      this.#onCommitted(commit);
      return { kind: 'committed' };
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const isRefusal = error.code === 'MR001' || error.code === '23505';
      if (isRefusal && error.statement === takeKeys.name) return { kind: 'key-known' };
      if (error.code === 'MR001') return { kind: 'stale' };
      if (error.code === '23505' && error.statement === recordCommit.name) {
        // Its answer was lost.
        this.#onCommitted(commit);
        return { kind: 'committed', isRepeat: true };
      }
      if (error.code === '23505' && error.statement === takeNames.name) return { kind: 'name-taken' };
      throw error;
    }
  }

  async segments(ids: readonly string[]): Promise<Segment[]> {
    if (ids.length === 0) return [];
    const call = { statement: read.segmentsById, parameters: [encode.uuidArray(ids)] };
    // Who asks for segments wants to know what has become of them, by commits under way too.
    return (await this.#rows(call, ids)).map(segmentOfRow);
  }

  async scan(after: string | null, limit: number, horizonMs: number): Promise<Segment[]> {
    const parameters = [encode.uuid(after ?? lowestId), encode.int4(limit), encode.int8(horizonMs)];
    return (await this.#rows({ statement: read.scanSegments, parameters })).map(segmentOfRow);
  }

  async sleeping(fromMs: number, toMs: number, after: Sleeper | null, limit: number): Promise<Segment[]> {
    const behind = [encode.int8(after?.eligibleAtMs ?? fromMs), encode.uuid(after?.id ?? lowestId)];
    const parameters = [encode.int8(fromMs), encode.int8(toMs), ...behind, encode.int4(limit)];
    return (await this.#rows({ statement: read.sleepingSegments, parameters })).map(segmentOfRow);
  }

  async select(scope: Scope, horizonMs: number, after: string | null, limit: number): Promise<Segment[]> {
    const page = [encode.int8(horizonMs), encode.uuid(after ?? lowestId), encode.int4(limit)];
    const call: SqlCall =
      scope.kind === 'workflow'
        ? { statement: read.selectByWorkflow, parameters: [scope.name, ...page] }
        : { statement: read.selectByBranch, parameters: [scope.branch, `${scope.branch.slice(0, -1)}0`, ...page] };
    return (await this.#rows(call)).map(segmentOfRow);
  }

  async bodies(ids: readonly string[]): Promise<Body[]> {
    if (ids.length === 0) return [];
    return (await this.#rows({ statement: read.bodiesById, parameters: [encode.uuidArray(ids)] })).map(bodyOfRow);
  }

  async shared(instances: readonly InstanceKey[]): Promise<Shared[]> {
    if (instances.length === 0) return [];
    const call = { statement: read.sharedOf, parameters: keyParameters(instances) };
    // Who asks means to change it: what commits under way make of it decides.
    return (await this.#rows(call, instanceIds(instances))).map(sharedOfRow);
  }

  async contextsOf(asked: readonly ContextsOf[]): Promise<Segment[]> {
    if (asked.length === 0) return [];
    const some = asked.flatMap(({ root, ordinal, contexts }) =>
      (contexts ?? []).map(context => ({ root, ordinal, context })),
    );
    const parameters = [
      ...keyParameters(some),
      encode.int4Array(some.map(({ context }) => context)),
      ...keyParameters(asked.filter(({ contexts }) => contexts === null)),
    ];
    const call = { statement: read.segmentsOfContexts, parameters };
    return (await this.#rows(call, instanceIds(asked))).map(segmentOfRow);
  }

  async locate(instance: string): Promise<Located | null> {
    const parts = splitInstanceId(instance);
    if (parts === null) return null;
    const [segments, outcomes] = await this.#driver.transaction(
      [
        { statement: read.segmentsByRoot, parameters: [encode.uuid(parts.root)] },
        { statement: read.outcomeOf, parameters: [encode.uuid(parts.root), encode.int4(parts.ordinal)] },
      ],
      { readOnly: true },
    );
    const contexts = segments!.map(segmentOfRow).flatMap(segment => {
      const position = segment.ordinals.indexOf(parts.ordinal);
      return position >= 0 && !hasBit(segment.gone, position) ? [{ segment, position }] : [];
    });
    if (contexts.length > 0) {
      contexts.sort((a, b) => a.segment.context - b.segment.context);
      return { kind: 'open', instance, contexts };
    }
    const [outcome] = outcomes!;
    return outcome === undefined ? null : { kind: 'left', instance, outcome: outcomeOfRow(outcome) };
  }

  async endsOf(roots: readonly string[]): Promise<{ outcomes: Outcome[]; failed: Segment[] }> {
    if (roots.length === 0) return { outcomes: [], failed: [] };
    const parameters = [encode.uuidArray(roots)];
    const [outcomes, failed] = await this.#driver.transaction([
      { statement: read.outcomesOf, parameters },
      { statement: read.failedOf, parameters },
    ]);
    return { outcomes: outcomes!.map(outcomeOfRow), failed: failed!.map(segmentOfRow) };
  }

  async named(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (names.length === 0) return new Map();
    const rows = await this.#rows({ statement: read.instancesOfNames, parameters: [encode.textArray(names)] });
    return new Map(rows.map(row => [decode.text(row[0]!), decode.uuid(row[1]!)]));
  }

  async origin(root: string): Promise<{ submitter: string; createdAtMs: number } | null> {
    const [row] = await this.#rows({ statement: read.originOf, parameters: [encode.uuid(root)] });
    if (row === undefined || row[0] === null || row[1] === null) return null;
    return { submitter: decode.text(row[0]!), createdAtMs: decode.int8(row[1]!) };
  }

  async query(text: string, parameters: readonly (string | null)[]): Promise<TextRow[]> {
    // This protects from mistakes, not from malice. As a sub-query it can change no table: PostgreSQL takes
    // data-modifying statements at the top level only. What it sets (`set_config`) holds for the session, which in PGlite
    // is also the one of the commits, and is restored in the same transaction. In PGlite a function that changes
    // something else (`setval`, `lo_create`), takes a lock of the session or runs for ever is not kept from doing so; in
    // PostgreSQL the transaction is read-only and has a time limit.
    const reading = `select * from (${text}\n) as query`;
    const statement = { name: nameOf(reading), text: reading };
    const calls: SqlCall[] = [{ statement, parameters, results: 'text' }, ...restoreSession];
    const [rows] = await this.#driver.transaction(calls, { readOnly: true });
    return textRows(rows!);
  }

  keepHouse(nowMs: number): Promise<HouseReport> {
    return this.#house.keep(nowMs);
  }

  diskBytes(): Promise<number> {
    return this.#driver.diskBytes();
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  async #rows(call: SqlCall, touches: readonly string[] = []): Promise<SqlRows> {
    const [rows] = await this.#driver.transaction([call], { readOnly: true, touches });
    if (rows === undefined) throw new Error(`${call.statement.name} answered nothing`);
    return rows;
  }
}

/** Each once. */
function instanceIds(keys: readonly InstanceKey[]): string[] {
  return [...new Set(keys.map(({ root, ordinal }) => instanceId(root, ordinal)))];
}

/** PostgreSQL looks at the first 63 bytes of a statement's name only. */
function nameOf(text: string): string {
  return `query ${createHash('sha1').update(text).digest('hex')}`;
}

function workflowOfRow(row: SqlRows[number], name: string): WorkflowVersion {
  return {
    number: decode.int4(row[0]!),
    name,
    version: decode.int4(row[1]!),
    definition: decode.text(row[2]!),
    baseFolder: decode.text(row[3]!),
    createdAtMs: decode.int8(row[4]!),
  };
}
