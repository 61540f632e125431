// What can be read of an engine in pages and at a glance. Reads change nothing and are not audited.

import { EngineError } from '../../observe/errors.js';
import type { EngineCluster } from '../cluster/cluster.js';
import type { InstanceResult } from '../commit/results.js';
import type { KnownWorkflow } from '../definitions/definitions.js';
import { type Repository, type StoredWorkflow, storedOf } from '../definitions/repository.js';
import type { EnginePieces } from '../engine-life.js';
import type { EngineParts } from '../parts.js';
import { type ExecutionPage, Executions } from '../runs/executions.js';
import { type AveragePage, averagePage } from '../runs/run-averages.js';
import { type RunPage, RunPages } from '../runs/run-pages.js';
import type { RunState } from '../runs/run-row-reads.js';
import type { EngineState } from '../status.js';
import { scopeOf, targetOf } from '../target.js';
import type { Why } from '../why/reasons.js';
import { why } from '../why/why.js';
import { type AuditFilter, type AuditOrder, type AuditPage, AuditPages } from './audit-pages.js';
import { type Forecast, type ForecastQuery, forecast } from './forecast.js';
import { type InstancePage, InstancePages, type InstanceState } from './instance-pages.js';
import type { Instances, WorkflowCount } from './instances.js';
import { type Snapshot, Snapshots } from './snapshot.js';

export interface WorkflowPage {
  readonly workflows: readonly StoredWorkflow[];
  /** Cursor of what follows; `null`: nothing does. */
  readonly next: string | null;
}

export class Reads {
  readonly #parts: EngineParts;
  readonly #audit: AuditPages;
  readonly #instances: Instances;
  readonly #pages: InstancePages;
  readonly #repository: Repository;
  readonly #snapshots: Snapshots;
  readonly #runs: RunPages;
  readonly #executions: Executions;
  readonly #cluster: EngineCluster | null;
  readonly #state: () => EngineState;

  /** @param state of the engine */
  constructor(
    { parts, instances, repository, cluster }: Pick<EnginePieces, 'parts' | 'instances' | 'repository' | 'cluster'>,
    state: () => EngineState,
  ) {
    this.#parts = parts;
    this.#cluster = cluster;
    this.#state = state;
    this.#instances = instances;
    this.#audit = new AuditPages(parts.store);
    this.#pages = new InstancePages(parts.store, parts.definitions);
    this.#repository = repository;
    this.#snapshots = new Snapshots(parts.store, parts.definitions, instances, parts.clock);
    this.#runs = new RunPages(parts.store, parts.definitions, parts.clock);
    this.#executions = new Executions(parts.store, parts.definitions);
  }

  /** @throws EngineError `CURSOR_INVALID` */
  auditPage(filter: AuditFilter, after: string | null, order: AuditOrder, limit: number): Promise<AuditPage> {
    return this.#audit.page(filter, after, order, limit);
  }

  /** Cursor from which on a follower sees what is committed from now on. */
  auditEnd(): Promise<string> {
    return this.#audit.end();
  }

  /** Grows when this engine has recorded something; the watchdog, and other engines, record besides. */
  get auditEvents(): number {
    return this.#parts.metrics.auditEvents.value;
  }

  /** What an id, `<workflow>/<id>` or a given name stands for. @throws EngineError `INSTANCE_UNKNOWN` */
  async idOf(name: string): Promise<string> {
    const instance = await this.#instances.idOf(name);
    if (instance !== null) return instance;
    throw new EngineError('INSTANCE_UNKNOWN', `no instance is named "${name}"`);
  }

  /** Why an instance does not run, or where it does. @throws EngineError `INSTANCE_UNKNOWN` */
  why(instance: string): Promise<Why> {
    const isClustered = this.#cluster !== null;
    return why(instance, { parts: this.#parts, instances: this.#instances, isClustered, state: this.#state });
  }

  /** How many instances of each workflow are in which state. @param scope a workflow, or a branch with trailing `/` */
  async count(scope: string): Promise<WorkflowCount[]> {
    return this.#instances.count(await scopeOf(scope, this.#instances));
  }

  /** As `Engine.result`, without waiting: `null` while it has neither ended nor failed. @throws EngineError `INSTANCE_UNKNOWN` */
  resultNow(instance: string): Promise<InstanceResult | null> {
    return this.#parts.results.now(instance);
  }

  /**
   * A page of instances in the order of their ids.
   *
   * @param scope a workflow, or a branch with trailing `/`
   * @param after `next` of the page before
   * @throws EngineError `NAMESPACE_INVALID`, `CURSOR_INVALID`
   */
  async instancePage(
    scope: string,
    state: InstanceState | null,
    after: string | null,
    limit: number,
  ): Promise<InstancePage> {
    return this.#pages.page(await scopeOf(scope, this.#instances), state, after, limit);
  }

  /**
   * The newest version of each workflow, in the order they were deployed; or all versions of one, newest first.
   *
   * @throws EngineError `CURSOR_INVALID`, `WORKFLOW_UNKNOWN`
   */
  async workflowPage(name: string | null, after: string | null, limit: number): Promise<WorkflowPage> {
    // Another engine may have stored one just now.
    await this.#parts.definitions.load();
    const all = this.#parts.definitions.all();
    const chosen = name === null ? newestOf(all) : all.filter(({ version }) => version.name === name).reverse();
    if (name !== null && chosen.length === 0) {
      throw new EngineError('WORKFLOW_UNKNOWN', `no workflow is named "${name}"`);
    }
    const start = after === null ? 0 : chosen.findIndex(({ version }) => String(version.number) === after) + 1;
    if (after !== null && start === 0) throw new EngineError('CURSOR_INVALID', 'the cursor is none of this list');
    const page = chosen.slice(start, start + limit);
    return {
      workflows: page.map(storedOf),
      next: start + limit < chosen.length ? String(page.at(-1)!.version.number) : null,
    };
  }

  /** One stored version. @param version default: the newest @throws EngineError `WORKFLOW_UNKNOWN` */
  workflow(name: string, version: number | null = null): Promise<StoredWorkflow> {
    return this.#repository.version(name, version);
  }

  /** As `Engine.export`. */
  snapshot(instance: string): Promise<Snapshot> {
    return this.#snapshots.of(instance);
  }

  /**
   * What the timers of living instances and of stored workflows will fire.
   *
   * @throws EngineError `NAMESPACE_INVALID`, `OPTION_INVALID`
   */
  async forecast(query: ForecastQuery): Promise<Forecast> {
    const { store, definitions } = this.#parts;
    return forecast(store, definitions, await scopeOf(query.scope ?? '/', this.#instances), query);
  }

  /**
   * A page of the history of runs, the newest first. It is kept as long as the audit.
   *
   * @param of a workflow, a branch with trailing `/`, or an instance
   * @param after `next` of the page before
   * @throws EngineError `NAMESPACE_INVALID`, `INSTANCE_UNKNOWN`, `CURSOR_INVALID`
   */
  async runPage(of: string, state: RunState | null, after: string | null, limit: number): Promise<RunPage> {
    return this.#runs.page(await targetOf(of, this.#instances), state, after, limit);
  }

  /**
   * What the actions of an instance took, in the order in which that became durable: what the audit has of it.
   *
   * @throws EngineError `INSTANCE_UNKNOWN`, `CURSOR_INVALID`
   */
  async executionPage(instance: string, after: string | null, limit: number): Promise<ExecutionPage> {
    return this.#executions.page(await this.idOf(instance), after, limit);
  }

  /**
   * What runs, and executions of actions, took on average, of those that history tells of. Of actions there are averages where
   * the audit filter lets `ExitingAction` pass.
   *
   * @throws EngineError `NAMESPACE_INVALID`
   */
  async averagePage(scope: string, after: string | null, limit: number): Promise<AveragePage> {
    return averagePage(this.#parts.store, await scopeOf(scope, this.#instances), after, limit);
  }

  /** Prometheus text format. */
  async metricsText(): Promise<string> {
    const { queue, metrics } = this.#parts;
    const { ready, delayed, claimed } = await queue.counts();
    metrics.ready.set(ready);
    metrics.delayed.set(delayed);
    metrics.claimed.set(claimed);
    return metrics.registry.render();
  }
}

function newestOf(all: readonly KnownWorkflow[]): KnownWorkflow[] {
  const newest = new Map<string, KnownWorkflow>();
  for (const known of all) {
    const before = newest.get(known.version.name);
    if (before === undefined || before.version.version < known.version.version) newest.set(known.version.name, known);
  }
  return [...newest.values()].sort((a, b) => a.version.number - b.version.number);
}
