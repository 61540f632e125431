// What runs and executions of actions took on average, and which of the history is told.

import type { Scope, Store } from '../../store/contract.js';
import { rangeOf } from '../../store/scope-range.js';

/** Of runs (`action` null) of a workflow, or of executions of one of its actions. */
export interface RunAverage {
  readonly workflow: string;
  readonly action: string | null;
  /** That came to their end; executions: without an error. */
  readonly count: number;
  /** Whole ms; -1: of none. */
  readonly averageMs: number;
  /** From when an action could begin, or its trigger was reached, to when it began; -1: of none, and of runs. */
  readonly averageWaitMs: number;
  /** Runs whose instance left before they were over. */
  readonly premature: number;
}

export interface AveragePage {
  /** In the order of workflows, of each the runs first. */
  readonly averages: readonly RunAverage[];
  /** Cursor of what follows; `null`: nothing does. */
  readonly next: string | null;
}

/** Of nothing. */
export const noAverage = -1;

const sums = 'sum(count), sum(run_ms), sum(wait_ms), sum(premature)';

/**
 * A workflow that is named has an average of runs, if of none.
 *
 * @param after `next` of the page before
 * COST the rows of the scope, a few for each workflow and action
 */
export async function averagePage(
  store: Store,
  scope: Scope,
  after: string | null,
  limit: number,
): Promise<AveragePage> {
  const [from, to] = rangeOf(scope);
  // No name has a line feed, and an action's may have anything else.
  const [name = '', ...rest] = (after ?? '').split('\n');
  const rows = await store.query(
    `select name, action, ${sums} from (
       select name, action, count, run_ms, wait_ms, premature from millrace_run_average
       where name >= $1::text and name < $2::text
       union all select $6::text collate "C", '' collate "C", 0, 0, 0, 0 where $6::text is not null) known
     where (name, action) > ($3::text, $4::text) group by name, action order by name, action limit $5::int`,
    [from, to, name, rest.join('\n'), String(limit), scope.kind === 'workflow' ? scope.name : null],
  );
  const averages = rows.map(([workflow, action, ...numbers]) => {
    const [count, runMs, waitMs, premature] = numbers.map(Number) as [number, number, number, number];
    const isOfRuns = action === '';
    return {
      workflow: workflow!,
      action: isOfRuns ? null : action!,
      count,
      averageMs: meanOf(runMs, count),
      averageWaitMs: isOfRuns ? noAverage : meanOf(waitMs, count),
      premature,
    };
  });
  const last = rows.at(-1);
  return {
    averages,
    next: rows.length < limit ? null : `${last![0]}\n${last![1]}`,
  };
}

/** Of the runs of some workflows, by name. */
export async function averagesOf(store: Store, names: ReadonlySet<string>): Promise<Map<string, number>> {
  return new Map((await actionAveragesOf(store, names, [''])).map(({ name, averageMs }) => [name, averageMs]));
}

/** Of actions of some workflows. */
export async function actionAveragesOf(store: Store, names: ReadonlySet<string>, actions: Iterable<string>) {
  const rows = await store.query(
    `select name, action, sum(count), sum(run_ms), sum(wait_ms) from millrace_run_average
     where name = any(array(select jsonb_array_elements_text($1::jsonb)))
       and action = any(array(select jsonb_array_elements_text($2::jsonb))) group by name, action`,
    [JSON.stringify([...names]), JSON.stringify([...actions])],
  );
  return rows.map(([name, action, count, runMs, waitMs]) => ({
    name: name!,
    action: action!,
    averageMs: meanOf(Number(runMs), Number(count)),
    averageWaitMs: meanOf(Number(waitMs), Number(count)),
  }));
}

function meanOf(sumMs: number, count: number): number {
  return count === 0 ? noAverage : Math.round(sumMs / count);
}

/** Which of the history is told: what is not older than the audit, and was not cleared. */
export class HistoryLimits {
  readonly #sinceMs: number;
  /** By scope. */
  readonly #cleared: ReadonlyMap<string, number>;

  private constructor(sinceMs: number, cleared: ReadonlyMap<string, number>) {
    this.#sinceMs = sinceMs;
    this.#cleared = cleared;
  }

  static async read(store: Store): Promise<HistoryLimits> {
    const [[since]] = (await store.query(
      `select min(started_at) from millrace_generation where ring = 'audit'`,
      [],
    )) as [[string]];
    const cleared = await store.query('select scope, at from millrace_run_cleared', []);
    return new HistoryLimits(Number(since), new Map(cleared.map(([scope, at]) => [scope!, Number(at)])));
  }

  /** Of a life, whose outcome may be kept for longer: what else there is goes by itself. */
  isExpired(endedAtMs: number): boolean {
    return endedAtMs < this.#sinceMs;
  }

  isCleared(name: string, endedAtMs: number): boolean {
    if (this.#isClearedAs(name, endedAtMs)) return true;
    for (let end = 1; end > 0; end = name.indexOf('/', end) + 1) {
      if (this.#isClearedAs(name.slice(0, end), endedAtMs)) return true;
    }
    return false;
  }

  #isClearedAs(scope: string, endedAtMs: number): boolean {
    const atMs = this.#cleared.get(scope);
    return atMs !== undefined && endedAtMs <= atMs;
  }
}
