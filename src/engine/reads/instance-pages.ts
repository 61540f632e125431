// A page of the instances below a scope, living and ended, in the order of their ids, which is that of their submits.
//
// A root is the unit: what is known of its members lies in some rows of segments and outcomes, which are unfolded here. One
// with several flow contexts is in several rows of segments; which workflow it belongs to is told by what these share.

import { EngineError } from '../../observe/errors.js';
import type { Scope, Store, TextRow } from '../../store/contract.js';
import { segmentStates } from '../../store/rows.js';
import { rangeOf } from '../../store/scope-range.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { Definitions } from '../definitions/definitions.js';
import { type ContextState, instanceState, shownState } from './context-states.js';
import type { InstanceRecord } from './instances.js';

export type InstanceState = InstanceRecord['state'];

export type InstanceSummary = Pick<InstanceRecord, 'instance' | 'workflow' | 'workflowVersion' | 'state'>;

export interface InstancePage {
  readonly instances: readonly InstanceSummary[];
  /** Cursor of what follows; `null`: nothing does. */
  readonly next: string | null;
}

const rootsOfRead = 32;
const readsMax = 32;
/** Behind all members of a root. */
const lastOrdinal = 0xffff;

export class InstancePages {
  readonly #store: Store;
  readonly #definitions: Definitions;

  constructor(store: Store, definitions: Definitions) {
    this.#store = store;
    this.#definitions = definitions;
  }

  /** A page may be short, or empty, before the end: a call makes a bounded number of reads. */
  async page(scope: Scope, state: InstanceState | null, after: string | null, limit: number): Promise<InstancePage> {
    let cursor = after === null ? null : cursorParts(after);
    const instances: InstanceSummary[] = [];
    for (let reads = 0; reads < readsMax; reads++) {
      const roots = await this.#roots(scope, state, cursor);
      for (const summary of roots.length === 0 ? [] : await this.#members(scope, state, roots)) {
        if (cursor !== null && summary.instance <= instanceId(cursor.root, cursor.ordinal)) continue;
        instances.push(summary);
        if (instances.length === limit) return { instances, next: summary.instance };
      }
      if (roots.length < rootsOfRead) return { instances, next: null };
      cursor = { root: roots.at(-1)!, ordinal: lastOrdinal };
    }
    return { instances, next: cursor === null ? null : instanceId(cursor.root, cursor.ordinal) };
  }

  /** Roots that may have such members. COST in a wide scope the page, in a narrow one the roots between two that match. */
  async #roots(scope: Scope, state: InstanceState | null, cursor: Cursor | null): Promise<string[]> {
    const isPassed = cursor?.ordinal === lastOrdinal;
    const [from, to] = rangeOf(scope);
    const rootsOf = (table: string, condition: string): string =>
      `(select distinct root from ${table} where name >= $1::text and name < $2::text
        and root ${isPassed ? '>' : '>='} $3::uuid ${condition} order by root limit $4::int)`;
    const tables = [
      ...(state === null || livingCondition[state] !== null
        ? [
            rootsOf('millrace_segment', `and context = 0 ${state === null ? '' : livingCondition[state]!}`),
            rootsOf('millrace_shared', state === null ? '' : contextCondition(livingCondition[state]!)),
          ]
        : []),
      ...(state === null || endedCondition[state] !== null
        ? [rootsOf('millrace_outcome', state === null ? '' : endedCondition[state]!)]
        : []),
    ];
    const rows = await this.#store.query(
      `select root from (${tables.join(' union ')}) roots order by root limit $4::int`,
      [from, to, cursor?.root ?? '00000000-0000-0000-0000-000000000000', String(rootsOfRead)],
    );
    return rows.map(([root]) => root!);
  }

  async #members(scope: Scope, state: InstanceState | null, roots: readonly string[]): Promise<InstanceSummary[]> {
    const parameters = [`{${roots.join(',')}}`, ...rangeOf(scope)];
    const isNamed = 'name >= $2::text and name < $3::text';
    // By their roots alone: the planner, which knows nothing of names, would look at all that have such a one.
    const ofRoots = (table: string, columns: string, condition: string): Promise<TextRow[]> =>
      this.#store.query(
        `select ${columns} from (select * from ${table} where root = any($1::uuid[]) offset 0) own where ${condition}`,
        parameters,
      );
    const living = await ofRoots(
      'millrace_segment',
      'root, name, workflow, ordinals::text, gone::text, state, requests, member_requests, context',
      `context > 0 or (${isNamed})`,
    );
    // Behind the segments: what splits in between was found in one of its own.
    const shared = await ofRoots('millrace_shared', 'root, name, workflow, ordinal', isNamed);
    const ended = await ofRoots('millrace_outcome', 'root, name, workflow, ordinals::text, state', isNamed);
    // What leaves between the two reads is found twice: its end counts.
    const found = new Map<string, InstanceSummary>();
    for (const summary of [
      ...living.flatMap(row => this.#living(row)),
      ...this.#split(living, shared),
      ...ended.flatMap(row => this.#ended(row)),
    ]) {
      found.set(summary.instance, summary);
    }
    return [...found.values()]
      .filter(summary => state === null || summary.state === state)
      .sort((a, b) => (a.instance < b.instance ? -1 : 1));
  }

  /** Those that have one context. */
  #living(row: TextRow): InstanceSummary[] {
    const [, workflow, number] = row;
    if (contextOf(row) > 0) return [];
    const workflowVersion = this.#versionOf(number!);
    return statesOf(row).map(({ instance, state }) => ({
      instance,
      workflow: workflow!,
      workflowVersion,
      state: instanceState([state]),
    }));
  }

  /** Those that have several. */
  #split(living: readonly TextRow[], shared: readonly TextRow[]): InstanceSummary[] {
    const states = new Map<string, ContextState[]>();
    for (const row of living) {
      if (contextOf(row) === 0) continue;
      for (const { instance, state } of statesOf(row)) {
        const others = states.get(instance);
        if (others === undefined) states.set(instance, [state]);
        else others.push(state);
      }
    }
    return shared.flatMap(([root, workflow, number, ordinal]) => {
      const instance = instanceId(root!, Number(ordinal));
      const found = states.get(instance);
      if (found === undefined) return [];
      const workflowVersion = this.#versionOf(number!);
      return [{ instance, workflow: workflow!, workflowVersion, state: instanceState(found) }];
    });
  }

  #versionOf(number: string): number {
    return this.#definitions.byNumber(Number(number)).version.version;
  }

  #ended([root, workflow, number, ordinals, state]: TextRow): InstanceSummary[] {
    const workflowVersion = this.#versionOf(number!);
    return ordinalsOf(ordinals!).map(ordinal => ({
      instance: instanceId(root!, ordinal),
      workflow: workflow!,
      workflowVersion,
      state: state === '0' ? 'finished' : 'removed',
    }));
  }
}

/** Of a row of segments: its open members, with the state of the context that stands there. */
function statesOf(row: TextRow): { instance: string; state: ContextState }[] {
  const [root, , , ordinals, gone, state, requests, members] = row;
  const own = members == null ? {} : (JSON.parse(members) as Record<string, number>);
  return ordinalsOf(ordinals!).flatMap((ordinal, position) => {
    if (gone![position] === '1') return [];
    const bits = Number(requests) | (own[ordinal] ?? 0);
    return [{ instance: instanceId(root!, ordinal), state: shownState(segmentStates[Number(state)]!, bits) }];
  });
}

function contextOf(row: TextRow): number {
  return Number(row[8]);
}

/** Of what contexts share: one of the root's, perhaps another instance's, is in such a row. */
function contextCondition(condition: string): string {
  return `and exists (select from millrace_segment s
    where s.root = millrace_shared.root and s.context > 0 ${condition})`;
}

/** Rows that may hold members in a state; `null`: none does. What only waits makes an instance ready. */
const livingCondition: Readonly<Record<InstanceState, string | null>> = {
  ready: 'and state in (0, 3, 4)',
  paused: 'and state <> 2 and (state = 1 or requests & 1 = 1 or member_requests is not null)',
  failed: 'and state = 2',
  finished: null,
  removed: null,
};
const endedCondition: Readonly<Record<InstanceState, string | null>> = {
  ready: null,
  paused: null,
  failed: null,
  finished: 'and state = 0',
  removed: 'and state = 1',
};

interface Cursor {
  readonly root: string;
  readonly ordinal: number;
}

function cursorParts(text: string): Cursor {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) {
    throw new EngineError('CURSOR_INVALID', 'the cursor is none of a list of instances');
  }
  return { root: `${text.slice(0, 32)}0000`, ordinal: Number.parseInt(text.slice(32), 16) };
}

/** From the bits of a varbit as text. */
function ordinalsOf(bits: string): number[] {
  const ordinals: number[] = [];
  for (let at = bits.indexOf('1'); at >= 0; at = bits.indexOf('1', at + 1)) ordinals.push(at);
  return ordinals;
}
