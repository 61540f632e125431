// A page of the instances below a scope, living and ended, in the order of their ids, which is that of their submits.
//
// A root is the unit: what is known of its members lies in some rows of segments and outcomes, which are unfolded here.

import { EngineError } from '../observe/errors.js';
import { request, type Scope, type Store, type TextRow } from '../store/contract.js';
import { instanceId } from '../workflow/instance-id.js';
import type { Definitions } from './definitions.js';
import { type InstanceRecord, rangeOf } from './instances.js';

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
        ? [rootsOf('millrace_segment', state === null ? '' : livingCondition[state]!)]
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
    const where = 'where root = any($1::uuid[]) and name >= $2::text and name < $3::text';
    const living = await this.#store.query(
      `select root, name, workflow, ordinals::text, gone::text, state, requests, member_requests
       from millrace_segment ${where}`,
      parameters,
    );
    const ended = await this.#store.query(
      `select root, name, workflow, ordinals::text, state from millrace_outcome ${where}`,
      parameters,
    );
    // What leaves between the two reads is found twice: its end counts.
    const found = new Map<string, InstanceSummary>();
    for (const summary of [...living.flatMap(row => this.#living(row)), ...ended.flatMap(row => this.#ended(row))]) {
      found.set(summary.instance, summary);
    }
    return [...found.values()]
      .filter(summary => state === null || summary.state === state)
      .sort((a, b) => (a.instance < b.instance ? -1 : 1));
  }

  #living([root, workflow, number, ordinals, gone, state, requests, members]: TextRow): InstanceSummary[] {
    const own = members == null ? {} : (JSON.parse(members) as Record<string, number>);
    const { version } = this.#definitions.byNumber(Number(number)).version;
    return ordinalsOf(ordinals!).flatMap((ordinal, position) => {
      if (gone![position] === '1') return [];
      const isHeld = state === '1' || ((Number(requests) | (own[ordinal] ?? 0)) & request.pause) !== 0;
      return [
        {
          instance: instanceId(root!, ordinal),
          workflow: workflow!,
          workflowVersion: version,
          state: state === '2' ? 'failed' : isHeld ? 'paused' : 'ready',
        },
      ];
    });
  }

  #ended([root, workflow, number, ordinals, state]: TextRow): InstanceSummary[] {
    const { version } = this.#definitions.byNumber(Number(number)).version;
    return ordinalsOf(ordinals!).map(ordinal => ({
      instance: instanceId(root!, ordinal),
      workflow: workflow!,
      workflowVersion: version,
      state: state === '0' ? 'finished' : 'removed',
    }));
  }
}

/** Rows that may hold members in a state; `null`: none does. */
const livingCondition: Readonly<Record<InstanceState, string | null>> = {
  ready: 'and state = 0',
  paused: 'and state < 2 and (state = 1 or requests & 1 = 1 or member_requests is not null)',
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
