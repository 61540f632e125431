// The rows in which runs are found, and what they say of each. A key is a root, of lives, or the id of a row of marked runs.

import type { Scope, Store, TextRow } from '../store/contract.js';
import { rangeOf } from '../store/scope-range.js';
import { splitInstanceId } from '../workflow/instance-id.js';

/** Whose runs: of a scope, or of one instance. */
export type RunsOf = Scope | { readonly kind: 'instance'; readonly instance: string };

export type RunState = 'open' | 'ended' | 'premature';

/** A run of a member. */
export interface RunRow {
  readonly key: string;
  readonly root: string;
  readonly ordinal: number;
  readonly name: string;
  /** Number of the workflow version. */
  readonly workflow: number;
  readonly state: RunState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Of a marked run. */
  readonly dueMs: number | null;
  readonly isMarked: boolean;
}

export class RunRows {
  readonly #store: Store;
  readonly #state: RunState | null;
  readonly #marked: string;
  readonly #names: readonly [from: string, to: string];
  readonly #of: { readonly root: string; readonly ordinal: number } | null;

  /** @param marked numbers of the workflow versions that mark runs */
  constructor(store: Store, of: RunsOf, state: RunState | null, marked: readonly number[]) {
    this.#store = store;
    this.#state = state;
    this.#marked = `{${marked.join(',')}}`;
    this.#of = of.kind === 'instance' ? splitInstanceId(of.instance) : null;
    this.#names = of.kind === 'instance' ? ['', '\u{10ffff}'] : rangeOf(of);
  }

  /** The next keys up to this one, the last first. COST in a wide scope the page, in a narrow one what lies between. */
  async keys(upTo: string, limit: number): Promise<string[]> {
    const parameters = [...this.#names, this.#marked, upTo, String(limit), this.#of?.root ?? null];
    const own = this.#of === null ? '$6::uuid is null' : 'root = $6::uuid';
    const keysOf = (table: string, key: string, condition: string): string =>
      `(select distinct ${key} as key from ${table} where name >= $1::text and name < $2::text and ${own}
        and ${key} <= $4::uuid and ${condition} order by ${key} desc limit $5::int)`;
    const tables = [
      ...(this.#tells('open')
        ? [
            keysOf('millrace_segment', 'root', '(context > 0 or workflow <> all($3::int[]))'),
            keysOf('millrace_open_run', 'id', '$3::int[] is not null'),
          ]
        : []),
      ...(this.#tells('ended')
        ? [
            keysOf('millrace_outcome', 'root', 'state = 0 and workflow <> all($3::int[])'),
            keysOf('millrace_run', 'id', 'not is_premature'),
          ]
        : []),
      ...(this.#tells('premature')
        ? [
            keysOf('millrace_outcome', 'root', 'state = 1 and workflow <> all($3::int[])'),
            keysOf('millrace_run', 'id', 'is_premature'),
          ]
        : []),
    ];
    const rows = await this.#store.query(
      `select key from (${tables.join(' union ')}) keys order by key desc limit $5::int`,
      parameters,
    );
    return rows.map(([key]) => key!);
  }

  /** What the rows with these keys tell, in the order of keys, then of ordinals. */
  async of(keys: readonly string[]): Promise<RunRow[]> {
    const parameters = [...this.#names, this.#marked, `{${keys.join(',')}}`];
    const where = 'where name >= $1::text and name < $2::text and';
    const query = (text: string): Promise<TextRow[]> => this.#store.query(text, parameters);
    const living = await query(
      `select root, name, workflow, ordinals::text, gone::text, created_at, context from millrace_segment
       ${where} root = any($4::uuid[]) and (context > 0 or workflow <> all($3::int[]))`,
    );
    // Behind the segments: what splits in between was found in one of its own.
    const shared = await query(
      `select root, ordinal, workflow from millrace_shared ${where} root = any($4::uuid[]) and $3::int[] is not null`,
    );
    const underWay = await query(
      `select id, root, name, workflow, open::text, members::text, started::text, due from millrace_open_run
       ${where} id = any($4::uuid[]) and $3::int[] is not null`,
    );
    const lives = await query(
      `select o.root, o.name, o.workflow, o.ordinals::text, o.state, o.finished_at, b.created_at from millrace_outcome o
       cross join lateral (select created_at from millrace_body where id = o.root limit 1) b
       ${where} o.root = any($4::uuid[]) and o.workflow <> all($3::int[])`,
    );
    const over = await query(
      `select id, root, name, workflow, members::text, started::text, due, ended::text, is_premature from millrace_run
       ${where} id = any($4::uuid[]) and $3::int[] is not null`,
    );
    // What ends between two reads is found twice: its end counts.
    const found = new Map<string, RunRow>();
    for (const row of [
      ...this.#living(living, shared),
      ...underWay.flatMap(underWayOf),
      ...lives.flatMap(lifeOf),
      ...over.flatMap(overOf),
    ]) {
      found.set(`${row.key} ${row.ordinal}`, row);
    }
    const { ordinal = null } = this.#of ?? {};
    return [...found.values()]
      .filter(row => this.#tells(row.state) && (ordinal === null || row.ordinal === ordinal))
      .sort((a, b) => (a.key === b.key ? a.ordinal - b.ordinal : a.key < b.key ? 1 : -1));
  }

  #tells(state: RunState): boolean {
    return this.#state === null || this.#state === state;
  }

  /** Of one with several contexts what these share says which workflow it is of. */
  #living(rows: readonly TextRow[], shared: readonly TextRow[]): RunRow[] {
    const marked = new Set(this.#marked.slice(1, -1).split(','));
    const split = new Map(shared.map(([root, ordinal, workflow]) => [`${root} ${ordinal}`, workflow!]));
    return rows.flatMap(([root, name, number, ordinals, gone, createdAt, context]) =>
      ordinalsOf(ordinals!).flatMap((ordinal, position) => {
        const workflow = context === '0' ? number! : split.get(`${root} ${ordinal}`);
        if (gone![position] === '1' || workflow === undefined || marked.has(workflow)) return [];
        return [
          {
            ...{ key: root!, root: root!, ordinal, name: name!, workflow: Number(workflow), state: 'open' as const },
            ...{ startedAtMs: Number(createdAt), endedAtMs: null, dueMs: null, isMarked: false },
          },
        ];
      }),
    );
  }
}

function lifeOf([root, name, workflow, ordinals, state, finishedAt, createdAt]: TextRow): RunRow[] {
  const startedAtMs = Number(createdAt);
  return ordinalsOf(ordinals!).map(ordinal => ({
    ...{ key: root!, root: root!, ordinal, name: name!, workflow: Number(workflow), startedAtMs },
    state: state === '0' ? 'ended' : 'premature',
    endedAtMs: Math.max(startedAtMs, Number(finishedAt)),
    dueMs: null,
    isMarked: false,
  }));
}

function underWayOf([id, root, name, workflow, open, members, started, due]: TextRow): RunRow[] {
  const startedMs = numbersOf(started!);
  return ordinalsOf(members!).flatMap((ordinal, position) => {
    if (open![ordinal] !== '1') return [];
    return [
      {
        ...{ key: id!, root: root!, ordinal, name: name!, workflow: Number(workflow), state: 'open' as const },
        ...{
          startedAtMs: startedMs[position]!,
          endedAtMs: null,
          dueMs: due === null ? null : Number(due),
          isMarked: true,
        },
      },
    ];
  });
}

function overOf([id, root, name, workflow, members, started, due, ended, isPremature]: TextRow): RunRow[] {
  const [startedMs, endedMs] = [numbersOf(started!), numbersOf(ended!)];
  return ordinalsOf(members!).map((ordinal, position) => ({
    ...{ key: id!, root: root!, ordinal, name: name!, workflow: Number(workflow) },
    state: isPremature === 't' ? 'premature' : 'ended',
    startedAtMs: startedMs[position]!,
    endedAtMs: endedMs[position]!,
    dueMs: due == null ? null : Number(due),
    isMarked: true,
  }));
}

/** From the bits of a varbit as text. */
function ordinalsOf(bits: string): number[] {
  const ordinals: number[] = [];
  for (let at = bits.indexOf('1'); at >= 0; at = bits.indexOf('1', at + 1)) ordinals.push(at);
  return ordinals;
}

/** From an array as text. */
function numbersOf(text: string): number[] {
  return text.slice(1, -1).split(',').map(Number);
}
