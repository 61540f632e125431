// What the engine can say of instances: one in full, or a page of a list. Reads only.

import type { SharedState } from '../../flow/shared/state.js';
import { systemClock } from '../../observe/clock.js';
import { EngineError } from '../../observe/errors.js';
import type { Slice } from '../../queue/contract.js';
import type { LocatedContext, Scope, Segment, Shared, Store, TextRow } from '../../store/contract.js';
import { rangeOf } from '../../store/scope-range.js';
import { lastPart, splitInstanceId } from '../../workflow/instance-id.js';
import type { Json } from '../../workflow/model.js';
import { errorAt } from '../commit/failures.js';
import { type DeadlineRecord, deadlineOf } from '../deadlines/shown-deadline.js';
import type { Definitions } from '../definitions/definitions.js';
import { readLastError } from '../why/lately.js';
import { type ContextState, contextState, decidingContext, instanceState } from './context-states.js';
import { type DocumentedState, documentedState, type SubState, type SuperState } from './documented-states.js';

/** Where an instance stands, or how it ended. */
export interface InstanceRecord {
  readonly instance: string;
  readonly workflow: string;
  readonly workflowVersion: number;
  readonly state: 'ready' | 'paused' | 'failed' | 'finished' | 'removed';
  /** As the original's documents have it. */
  readonly superState: SuperState;
  readonly subState: SubState | null;
  readonly submitter: string | null;
  readonly createdAtMs: number | null;
  /** Living ones: the action they stand at, its attempt, when they may run. */
  readonly action: string | null;
  readonly attempt: number | null;
  readonly priority: number | null;
  /** Living ones: whose it is, as it was submitted. */
  readonly key: string | null;
  readonly eligibleAtMs: number | null;
  /** Ended ones. */
  readonly finishedAtMs: number | null;
  readonly result: Json;
  readonly input: Json;
  /** The last error, for one that failed or waits to be tried again. */
  readonly error: Json;
  /** Living ones that have split: their flow contexts, by number. What is said above of where it stands is said of the one
   * its state comes from. `null`: it has one. */
  readonly contexts: readonly ContextRecord[] | null;
  /** When it, or the run that is under way, is to be over; `null`: it has no deadline, or no run is under way. */
  readonly deadline: DeadlineRecord | null;
}

/** Where a flow context stands. */
export interface ContextRecord {
  readonly context: number;
  /** `joining`: it has arrived at a join, or finished as one of a group. `waiting`: for what it has started, or a mutex. */
  readonly state: ContextState;
  readonly superState: SuperState;
  readonly subState: SubState;
  readonly action: string;
  readonly attempt: number;
}

/** One line of a list: all instances of a workflow in one state. */
export interface WorkflowCount {
  readonly workflow: string;
  readonly state: string;
  readonly instances: number;
}

/** Living instances by name and state, with how many they are. `condition` on the name. Those with several contexts are
 * counted once, by what these share. COST a row a segment, and of those with several contexts one a context. */
const living = (condition: string): string => `
  select name, open as members,
    case when state = 2 then 'failed' when state = 1 or requests & 1 = 1 then 'paused' else 'ready' end as state
  from millrace_segment where context = 0 ${condition}
  union all
  select h.name, 1, case when c.failed then 'failed' when c.paused and not c.ready then 'paused' else 'ready' end
  from (
    select root, ordinal, bool_or(state = 'failed') as failed, bool_or(state = 'paused') as paused,
      bool_or(state = 'ready') as ready
    from (
      select s.root, m.ordinal, millrace_context_state(s.state, s.requests) as state
      from millrace_segment s
      cross join lateral generate_series(position(B'1' in s.ordinals) - 1, length(s.ordinals) - 1) as m(ordinal)
      where s.context > 0 and s.root in (select root from millrace_shared where true ${condition})
        and millrace_is_open(s.ordinals, s.gone, m.ordinal)) each
    group by root, ordinal) c
  join millrace_shared h on h.root = c.root and h.ordinal = c.ordinal`;

export class Instances {
  readonly #store: Store;
  readonly #definitions: Definitions;

  readonly #nowMs: () => number;
  readonly #claimed: (segments: readonly string[]) => Promise<Slice[]>;

  /** @param claimed the parts of segments that execute, here or elsewhere */
  constructor(
    store: Store,
    definitions: Definitions,
    claimed: (segments: readonly string[]) => Promise<Slice[]> = () => Promise.resolve([]),
    nowMs: () => number = systemClock.nowMs,
  ) {
    this.#nowMs = nowMs;
    this.#claimed = claimed;
    this.#store = store;
    this.#definitions = definitions;
  }

  /**
   * The id behind what a user names an instance by: its id, `<workflow>/<id>`, or a given name; `null` when it is none.
   * An id behind another workflow than its own is none.
   */
  async idOf(text: string): Promise<string | null> {
    const last = lastPart(text);
    if (splitInstanceId(last) !== null) {
      const id = last.toLowerCase();
      if (last === text) return id;
      // Names are kept in one form (N1 of `namespace.ts`).
      const workflow = text.slice(0, -last.length - 1).normalize('NFC');
      return (await this.#workflowOf(id)) === workflow ? id : null;
    }
    return (await this.#store.named([text])).get(text) ?? null;
  }

  /** @throws EngineError `INSTANCE_UNKNOWN` */
  async show(text: string): Promise<InstanceRecord> {
    const instance = await this.idOf(text);
    const located = instance === null ? null : await this.#store.locate(instance);
    if (instance === null || located === null)
      throw new EngineError('INSTANCE_UNKNOWN', `no instance is named "${text}"`);
    const { root, ordinal } = splitInstanceId(instance)!;
    const origin = await this.#store.origin(root);
    const [text0] = await this.#store.query('select millrace_body_text($1::uuid, $2::int)', [root, String(ordinal)]);
    const input = parsed(text0?.[0] ?? null);
    const base = { instance, submitter: origin?.submitter ?? null, createdAtMs: origin?.createdAtMs ?? null, input };
    if (located.kind === 'left') {
      const { outcome } = located;
      await this.#definitions.ensure([outcome.workflow]);
      const { version, plan } = this.#definitions.byNumber(outcome.workflow);
      const [row] =
        outcome.body === null
          ? []
          : await this.#store.query('select millrace_body_text($1::uuid, $2::int)', [outcome.body, String(ordinal)]);
      return {
        ...base,
        workflow: outcome.name,
        workflowVersion: version.version,
        state: outcome.state,
        superState: 'NORMAL',
        subState: outcome.state === 'finished' ? 'FINISHED' : null,
        action: null,
        attempt: null,
        priority: null,
        key: null,
        eligibleAtMs: null,
        finishedAtMs: outcome.finishedAtMs,
        result: parsed(row?.[0] ?? null),
        error: null,
        contexts: null,
        deadline: deadlineOf(plan.deadline, base.createdAtMs, outcome.finishedAtMs),
      };
    }
    const { contexts } = located;
    const shared = await this.#shared(root, ordinal, contexts);
    // It may have gone since: then what was read of it stands.
    const { workflow, name } = shared ?? contexts[0]!.segment;
    const documented = await this.#documentedStates(contexts, shared);
    await this.#definitions.ensure([workflow, ...contexts.map(({ segment }) => segment.workflow)]);
    const deciding = decidingContext(contexts);
    const { segment, position } = deciding;
    const { version, plan } = this.#definitions.byNumber(workflow);
    const dueOfRunMs = plan.deadline?.from === 'run' ? await this.#store.deadlines.dueOfRun(root, ordinal) : null;
    return {
      ...base,
      workflow: name,
      workflowVersion: version.version,
      state: instanceState(contexts.map(contextState)),
      ...documented.get(deciding)!,
      action: this.#actionOf(segment),
      attempt: segment.attempt + 1,
      priority: segment.priority,
      key: segment.key,
      eligibleAtMs: segment.eligibleAtMs,
      finishedAtMs: null,
      result: null,
      error: await this.errorOf(segment, position),
      contexts:
        segment.context === 0 ? null : contexts.map(context => this.#contextRecord(context, documented.get(context)!)),
      deadline: deadlineOf(plan.deadline, base.createdAtMs, this.#nowMs(), dueOfRunMs),
    };
  }

  #contextRecord(context: LocatedContext, { superState, subState }: DocumentedState): ContextRecord {
    const { segment } = context;
    const state = contextState(context);
    const states = { state, superState, subState: subState! };
    return { context: segment.context, ...states, action: this.#actionOf(segment), attempt: segment.attempt + 1 };
  }

  #actionOf({ workflow, place }: Segment): string {
    return this.#definitions.byNumber(workflow).plan.actions[place]!.name;
  }

  /** What the contexts of an instance share, and which workflow it was submitted to: they may follow others it calls. */
  async #shared(root: string, ordinal: number, contexts: readonly LocatedContext[]): Promise<Shared | null> {
    if (contexts[0]!.segment.context === 0) return null;
    return (await this.#store.shared([{ root, ordinal }]))[0] ?? null;
  }

  async #documentedStates(
    contexts: readonly LocatedContext[],
    shared: Shared | null,
  ): Promise<Map<LocatedContext, DocumentedState>> {
    const claimed = await this.#claimed([...new Set(contexts.map(({ segment }) => segment.id))]);
    const machine = shared === null ? null : machineOf(shared.state);
    const executes = ({ segment, position }: LocatedContext): boolean =>
      claimed.some(({ segment: id, from, to }) => id === segment.id && position >= from && position < to);
    return new Map(contexts.map(each => [each, documentedState(each, machine, executes(each))]));
  }

  async #workflowOf(id: string): Promise<string | null> {
    const located = await this.#store.locate(id);
    if (located === null) return null;
    return located.kind === 'open' ? located.contexts[0]!.segment.name : located.outcome.name;
  }

  /** How many living instances of each workflow are in which state, the first `limit` in order of names. COST the living
   * ones alone: what has ended, a whole retention of it, is not looked at. */
  async countLiving(limit: number): Promise<WorkflowCount[]> {
    const rows = await this.#store.query(
      `select name, state, sum(members)::bigint from (${living('')}) living
       group by name, state order by name, state limit $1::int`,
      [String(limit)],
    );
    return rows.map(countOf);
  }

  /** How many instances of each workflow below a scope are in which state, living and ended. */
  async count(scope: Scope): Promise<WorkflowCount[]> {
    const rows = await this.#store.query(
      `select name, state, sum(members)::bigint from (
         ${living('and name >= $1::text and name < $2::text')}
         union all
         select name, members, case state when 0 then 'finished' else 'removed' end
         from millrace_outcome where name >= $1::text and name < $2::text) all_instances
       group by name, state order by name, state`,
      rangeOf(scope),
    );
    return rows.map(countOf);
  }

  /** Kept with the instance when it stands FAILED; while it waits to be tried again the audit has it, if it is kept there and not
   * further back than is read. */
  async errorOf(segment: Segment, position: number): Promise<Json> {
    const kept = errorAt(segment, position);
    if (kept !== null) return { ...kept };
    return segment.attempt > 0 || segment.state === 'failed'
      ? readLastError(this.#store, segment.root, segment.ordinals[position]!)
      : null;
  }
}

function countOf([workflow, state, instances]: TextRow): WorkflowCount {
  return { workflow: workflow!, state: state!, instances: Number(instances) };
}

function parsed(text: string | null): Json {
  return text === null ? null : (JSON.parse(text) as Json);
}

function machineOf(state: string): SharedState | null {
  const { machine } = JSON.parse(state) as { machine?: SharedState };
  return machine ?? null;
}
