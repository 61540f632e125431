// The rows in which runs are found, and what they say of each. A key is a root, of lives, or the id of a row of marked runs.

import type { Scope, Store, TextRow } from '../../store/contract.js';
import { rangeOf } from '../../store/scope-range.js';
import { splitInstanceId } from '../../workflow/instance-id.js';

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

/** Rows of a table that are looked at in one read. */
const rowsOfPage = 500;

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

  /**
   * The next keys, the last first, and from where the next call goes on; `null`: nothing is left.
   *
   * COST a page of each table, by its index in the order of keys: what is not asked for is passed over here, since the planner,
   * which knows nothing of names, would sort a whole table first. Of one instance the rows of its root.
   */
  async keys(from: string, isPassed: boolean, limit: number): Promise<{ keys: string[]; next: string | null }> {
    const own = this.#of === null ? [] : [this.#of.root];
    const parameters = [...this.#names, this.#marked, from, String(rowsOfPage), ...own];
    const selected = this.#sources().map(({ table, key, columns, fits }, source) => {
      const rows = this.#of === null ? table : `(select ${columns} from ${table} where root = $6::uuid offset 0) own`;
      return `(select ${source}::int, ${key}, name >= $1::text and name < $2::text and ${fits} from (
        select ${columns} from ${rows} where ${key} ${isPassed ? '<' : '<='} $4::uuid order by ${key} desc limit $5::int) page)`;
    });
    const rows = await this.#store.query(selected.join(' union all '), parameters);
    const read = new Map<string, { last: string; count: number }>();
    const keys = new Set<string>();
    for (const [source, key, fits] of rows as [string, string, string][]) {
      const known = read.get(source);
      if (known === undefined) read.set(source, { last: key, count: 1 });
      else {
        known.count += 1;
        if (key < known.last) known.last = key;
      }
      if (fits === 't') keys.add(key);
    }
    // What stands behind the end of a page that is full has not been read, nor perhaps all rows of its last key.
    const ends = [...read.values()].flatMap(({ last, count }) => (count < rowsOfPage ? [] : [last]));
    const end = ends.sort().at(-1) ?? null;
    if (end !== null) keys.add(end);
    const known = [...keys]
      .filter(key => end === null || key >= end)
      .sort()
      .reverse();
    if (known.length <= limit) return { keys: known, next: end };
    return { keys: known.slice(0, limit), next: known[limit - 1]! };
  }

  #sources(): { table: string; key: 'root' | 'id'; columns: string; fits: string }[] {
    const isLife = 'workflow <> all($3::int[])';
    const states = (['ended', 'premature'] as const).filter(state => this.#tells(state));
    const open = [
      {
        table: 'millrace_segment',
        key: 'root',
        columns: 'root, name, context, workflow',
        fits: `(context > 0 or ${isLife})`,
      },
      { table: 'millrace_open_run', key: 'id', columns: 'id, name', fits: 'true' },
    ] as const;
    const over = [
      {
        ...({ table: 'millrace_outcome', key: 'root', columns: 'root, name, workflow, state' } as const),
        fits: `${isLife} and state in (${states.map(state => (state === 'ended' ? 0 : 1)).join(', ')})`,
      },
      {
        ...({ table: 'millrace_run', key: 'id', columns: 'id, name, is_premature' } as const),
        fits: `is_premature in (${states.map(state => state === 'premature').join(', ')})`,
      },
    ];
    return [...(this.#tells('open') ? open : []), ...(states.length > 0 ? over : [])];
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
