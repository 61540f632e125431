// Pages of what the actions of an instance took, as the audit has it. One that is under way is told when it has ended.

import { type Execution, executionsOf } from '../../audit/executions.js';
import { EngineError } from '../../observe/errors.js';
import type { Store } from '../../store/contract.js';
import { splitInstanceId } from '../../workflow/instance-id.js';
import type { Definitions } from '../definitions/definitions.js';
import { actionAveragesOf, HistoryLimits, noAverage } from './run-averages.js';

export interface ExecutionRecord extends Omit<Execution, 'workflow'> {
  readonly workflow: string;
  readonly waitMs: number;
  readonly runMs: number;
  /** Of executions of this action without an error, whole ms; -1: of none. */
  readonly averageMs: number;
  readonly averageWaitMs: number;
}

export interface ExecutionPage {
  /** In the order in which they became durable. */
  readonly executions: readonly ExecutionRecord[];
  /** Cursor of what follows; `null`: nothing does. */
  readonly next: string | null;
}

/** A row of the audit, and how many executions of it have been told. */
interface Cursor {
  readonly transaction: string;
  readonly seq: string;
  readonly told: number;
}

type Found = Execution & { readonly at: Cursor };

const rowsOfRead = 32;
const readsMax = 32;

export class Executions {
  readonly #store: Store;
  readonly #definitions: Definitions;

  constructor(store: Store, definitions: Definitions) {
    this.#store = store;
    this.#definitions = definitions;
  }

  /**
   * A page may be short, or empty, before the end: a call makes a bounded number of reads.
   *
   * @throws EngineError `CURSOR_INVALID`
   */
  async page(instance: string, after: string | null, limit: number): Promise<ExecutionPage> {
    const { root, ordinal } = splitInstanceId(instance)!;
    let cursor: Cursor = after === null ? { transaction: '0', seq: '0', told: 0 } : cursorOf(after);
    const limits = await HistoryLimits.read(this.#store);
    const found: Found[] = [];
    for (let reads = 0; reads < readsMax; reads++) {
      const rows = await this.#rows(root, cursor);
      for (const [transaction, seq, trace] of rows as [string, string, string][]) {
        const passed = seq === cursor.seq ? cursor.told : 0;
        const executions = executionsOf(trace, ordinal);
        await this.#definitions.ensure(executions.map(({ workflow }) => workflow));
        for (const [at, execution] of executions.entries()) {
          if (at < passed || limits.isCleared(this.#nameOf(execution), execution.endedAtMs)) continue;
          found.push({ ...execution, at: { transaction, seq, told: at + 1 } });
          if (found.length === limit) return { executions: await this.#told(found), next: textOf(found.at(-1)!.at) };
        }
        cursor = { transaction, seq, told: executions.length };
      }
      if (rows.length < rowsOfRead) return { executions: await this.#told(found), next: null };
    }
    return { executions: await this.#told(found), next: textOf(cursor) };
  }

  /** Those from the cursor's row on. COST the audit of the root. */
  #rows(root: string, { transaction, seq }: Cursor) {
    // The planner must not walk the whole order for the few rows of one root.
    return this.#store.query(
      `select transaction_id::text as transaction, seq, trace from (
         select transaction_id, seq, trace from millrace_audit where root = $1::uuid offset 0) own
       where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         and (transaction_id, seq) >= ($2::text::xid8, $3::bigint)
       order by transaction_id, seq limit $4::int`,
      [root, transaction, seq, String(rowsOfRead)],
    );
  }

  #nameOf({ workflow }: Execution): string {
    return this.#definitions.byNumber(workflow).version.name;
  }

  async #told(found: readonly Found[]): Promise<ExecutionRecord[]> {
    const names = new Set(found.map(execution => this.#nameOf(execution)));
    const averages = new Map(
      (await actionAveragesOf(this.#store, names, new Set(found.map(({ action }) => action)))).map(
        ({ name, action, averageMs, averageWaitMs }) => [`${name}\n${action}`, { averageMs, averageWaitMs }],
      ),
    );
    return found.map(execution => {
      const { at: _, workflow: number, enteredAtMs, startedAtMs, endedAtMs, ...rest } = execution;
      const workflow = this.#nameOf(execution);
      return {
        workflow,
        ...rest,
        ...{ enteredAtMs, startedAtMs, endedAtMs },
        waitMs: startedAtMs - enteredAtMs,
        runMs: endedAtMs - startedAtMs,
        ...(averages.get(`${workflow}\n${execution.action}`) ?? { averageMs: noAverage, averageWaitMs: noAverage }),
      };
    });
  }
}

function textOf({ transaction, seq, told }: Cursor): string {
  return `${transaction}.${seq}.${told}`;
}

function cursorOf(text: string): Cursor {
  const [, transaction, seq, told] = /^(\d{1,18})\.(\d{1,18})\.(\d{1,9})$/.exec(text) ?? [];
  if (transaction === undefined) throw new EngineError('CURSOR_INVALID', 'the cursor is none of a list of executions');
  return { transaction, seq: seq!, told: Number(told) };
}
