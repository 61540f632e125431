// An instance as it stands, whole, as one JSON value: its workflow's definition, what it was given, and where each of its
// flow contexts stands with what it has written. For looking at it elsewhere; the instance goes on.
//
// It is of one moment: where the contexts stand is read in one statement, and what they name (bodies, the definition) is
// written once and never changed. What transactions wrote may go with the place they left: it is read first, and all again
// when it has gone. What is read besides it (the last error of one that waits for a retry) is believed only
// if the instance has not moved meanwhile; otherwise all is read again.

import { keptState } from '../../flow/shared/text.js';
import { splitWorkflow } from '../../flow/shared/variables.js';
import type { Clock } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import type { Located, LocatedContext, Shared, Store } from '../../store/contract.js';
import { lastPart, splitInstanceId } from '../../workflow/instance-id.js';
import type { Json, JsonObject, WorkflowDefinition } from '../../workflow/model.js';
import type { Definitions } from '../definitions/definitions.js';
import { type ContextState, contextState, decidingContext, instanceState } from './context-states.js';
import type { InstanceRecord, Instances } from './instances.js';

/** Times it is read again when it moves in between. */
const readingsMax = 20;
/** Names looked at in one query. */
const namesPage = 10_000;

/** Nothing is left out or hidden: what inputs and variables hold is in it, secrets too. */
export interface Snapshot {
  readonly format: 'millrace-snapshot';
  /** Of this form. */
  readonly version: 1;
  readonly exportedAtMs: number;
  readonly workflow: {
    readonly name: string;
    /** The one the instance began with. */
    readonly version: number;
    readonly definition: WorkflowDefinition;
    /** Folder its module paths are relative to, on the engine's machine. */
    readonly baseFolder: string;
  };
  readonly instance: {
    readonly id: string;
    /** Given by the submitter. */
    readonly name: string | null;
    readonly submitter: string | null;
    readonly createdAtMs: number | null;
    readonly state: InstanceRecord['state'];
    /** Its own; `null`: inherited, or it has ended. */
    readonly priority: number | null;
    /** As it was submitted; `null`: none, or it has ended. */
    readonly key: string | null;
    readonly finishedAtMs: number | null;
  };
  /** Its variables at its start; `null` when its history has expired. */
  readonly input: Json;
  /** Variables in workflow scope, which all its contexts see; those of sub-workflows are not among them. */
  readonly variables: JsonObject;
  /** Where it stands; empty when it has ended. */
  readonly contexts: readonly SnapshotContext[];
  /** What the last action returned, when it has finished. */
  readonly result: Json;
  /** The last error, for one that failed or waits to be tried again. */
  readonly error: Json;
}

/** One flow context. */
export interface SnapshotContext {
  /** 0 in an instance that has not split. */
  readonly context: number;
  /** The action it stands at: everything before has been committed. */
  readonly place: string;
  readonly state: ContextState;
  /** Transactions committed before this one. */
  readonly transaction: number;
  /** From 1, of this transaction. */
  readonly attempt: number;
  readonly eligibleAtMs: number;
  /** What its transactions have written, `RESULT` among it; over the input, of which a variable may have the name. */
  readonly variables: JsonObject;
}

export class Snapshots {
  readonly #store: Store;
  readonly #definitions: Definitions;
  readonly #instances: Instances;
  readonly #clock: Clock;

  constructor(store: Store, definitions: Definitions, instances: Instances, clock: Clock) {
    this.#store = store;
    this.#definitions = definitions;
    this.#instances = instances;
    this.#clock = clock;
  }

  /**
   * @param text an id, `<workflow>/<id>`, or a given name
   * @throws EngineError `INSTANCE_UNKNOWN`; `OPERATION_CONTENDED` when it moved whenever it was looked at
   */
  async of(text: string): Promise<Snapshot> {
    const id = await this.#instances.idOf(text);
    if (id === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance is named "${text}"`);
    // Who asks by the given name has told it.
    const name = splitInstanceId(lastPart(text)) === null ? text : await this.#givenName(id);
    for (let reading = 1; reading <= readingsMax; reading++) {
      const { root, ordinal } = splitInstanceId(id)!;
      const [shared] = await this.#store.shared([{ root, ordinal }]);
      const located = await this.#store.locate(id);
      if (located === null) throw new EngineError('INSTANCE_UNKNOWN', `no instance is named "${text}"`);
      // It has split since what it shares was asked for.
      if (shared === undefined && hasSplit(located)) continue;
      const snapshot = await this.#read(id, name, located, shared ?? null);
      if (snapshot !== null) return snapshot;
    }
    throw new EngineError('OPERATION_CONTENDED', `instance ${id} moved whenever it was looked at`);
  }

  /** `null`: it has moved before all of it was read. */
  async #read(id: string, name: string | null, located: Located, shared: Shared | null): Promise<Snapshot | null> {
    const exportedAtMs = this.#clock.nowMs();
    const { root, ordinal } = splitInstanceId(id)!;
    const contexts = located.kind === 'open' ? located.contexts : [];
    const writtenBy: JsonObject[] = [];
    for (const each of contexts) {
      const written = await this.#written(each, ordinal);
      if (written === null) return null;
      writtenBy.push(written);
    }
    const number = located.kind === 'left' ? located.outcome.workflow : (shared ?? contexts[0]!.segment).workflow;
    await this.#definitions.ensure([number, ...contexts.map(({ segment }) => segment.workflow)]);
    const { version } = this.#definitions.byNumber(number);
    const origin = await this.#store.origin(root);
    const input = await this.#member(root, ordinal);
    const workflow = {
      name: version.name,
      version: version.version,
      definition: JSON.parse(version.definition) as WorkflowDefinition,
      baseFolder: version.baseFolder,
    };
    const head = { format: 'millrace-snapshot', version: 1, exportedAtMs, workflow, input } as const;
    const born = { id, name, submitter: origin?.submitter ?? null, createdAtMs: origin?.createdAtMs ?? null };
    if (located.kind === 'left') {
      const { state, finishedAtMs, body } = located.outcome;
      return {
        ...head,
        instance: { ...born, state, priority: null, key: null, finishedAtMs },
        variables: {},
        contexts: [],
        result: body === null ? null : await this.#member(body, ordinal),
        error: null,
      };
    }
    const { segment, position } = decidingContext(contexts);
    const told: SnapshotContext[] = [];
    let variables = shared === null ? {} : (keptState(shared.state).variables[0] ?? {});
    for (const [at, each] of contexts.entries()) {
      const written = writtenBy[at]!;
      const split = splitWorkflow(JSON.stringify(written));
      if (split !== null) variables = split.workflow;
      told.push(this.#context(each, split === null ? written : (JSON.parse(split.own) as JsonObject)));
    }
    const error = await this.#instances.errorOf(segment, position);
    // What came with the row itself is of its moment; anything else may be of a later one.
    const isWhole = shared === null && (segment.failures !== null || error === null);
    if (!isWhole && !(await this.#isSame(id, contexts, shared))) return null;
    return {
      ...head,
      instance: {
        ...born,
        state: instanceState(contexts.map(contextState)),
        priority: segment.priority,
        key: segment.key,
        finishedAtMs: null,
      },
      variables,
      contexts: told,
      result: null,
      error,
    };
  }

  #context(located: LocatedContext, variables: JsonObject): SnapshotContext {
    const { context, place, transaction, attempt, eligibleAtMs, workflow } = located.segment;
    const { plan } = this.#definitions.byNumber(workflow);
    return {
      context,
      place: plan.actions[place]!.name,
      state: contextState(located),
      transaction,
      attempt: attempt + 1,
      eligibleAtMs,
      variables,
    };
  }

  /** `null`: what it has written has gone with the place it has left. */
  async #written({ segment: { body } }: LocatedContext, ordinal: number): Promise<JsonObject | null> {
    return body === null ? {} : ((await this.#member(body, ordinal)) as JsonObject | null);
  }

  async #member(body: string, ordinal: number): Promise<Json> {
    const [row] = await this.#store.query('select millrace_body_text($1::uuid, $2::int)', [body, String(ordinal)]);
    const text = row?.[0] ?? null;
    return text === null ? null : (JSON.parse(text) as Json);
  }

  /** Whether nothing of it has moved since. */
  async #isSame(id: string, contexts: readonly LocatedContext[], shared: Shared | null): Promise<boolean> {
    const located = await this.#store.locate(id);
    if (located?.kind !== 'open' || located.contexts.length !== contexts.length) return false;
    const { root, ordinal } = splitInstanceId(id)!;
    const [now] = shared === null ? [] : await this.#store.shared([{ root, ordinal }]);
    if (now?.version !== shared?.version) return false;
    return contexts.every(({ segment }, at) => {
      const { id: same, revision } = located.contexts[at]!.segment;
      return same === segment.id && revision === segment.revision;
    });
  }

  /** COST all given names there are, some at a time: nothing leads from an instance to its name, which submits would pay. */
  async #givenName(id: string): Promise<string | null> {
    for (let after = ''; ; ) {
      const rows = await this.#store.query(
        `with page as (select name, instance from millrace_name where name > $1::text order by name limit $2::int)
         select (select name from page where instance = $3::uuid), max(name), count(*) from page`,
        [after, String(namesPage), id],
      );
      const [found, last, count] = rows[0]!;
      if (found != null) return found;
      if (Number(count) < namesPage) return null;
      after = last!;
    }
  }
}

/** Contexts have numbers from then on. */
function hasSplit(located: Located): boolean {
  return located.kind === 'open' && located.contexts.some(({ segment }) => segment.context > 0);
}
