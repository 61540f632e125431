// The client of a Millrace service: Node 20 and browsers, nothing but `fetch`.

import type { AuditPage, AuditQuery } from '../api/schema/audit.js';
import type {
  ConfigurationQuery,
  SettingRequest,
  SettingResult,
  ShownConfiguration,
} from '../api/schema/configuration.js';
import type { Forecast, ForecastQuery } from '../api/schema/forecast.js';
import type {
  InstancePage,
  InstanceRecord,
  InstanceResult,
  InstancesQuery,
  SubmitRecord,
} from '../api/schema/instances.js';
import type { MessageRequest, PublishedMessage } from '../api/schema/messages.js';
import type {
  Operation,
  OperationProgress,
  OperationRequest,
  OperationResult,
  RecoverRequest,
  RemoveRequest,
  RenameRequest,
  RescheduleRequest,
  RestartRequest,
} from '../api/schema/operations.js';
import type {
  AveragePage,
  AveragesQuery,
  ClearedRuns,
  ExecutionPage,
  ExecutionsQuery,
  RunPage,
  RunsQuery,
} from '../api/schema/runs.js';
import type { SignalResult } from '../api/schema/signals.js';
import type { Snapshot } from '../api/schema/snapshot.js';
import type { Why } from '../api/schema/why.js';
import type {
  CopyRequest,
  Deployed,
  StoredWorkflow,
  WorkflowPage,
  WorkflowQuery,
  WorkflowsQuery,
} from '../api/schema/workflows.js';
import type { WorkflowDefinition } from '../workflow/model.js';
import { clientClock } from './client-clock.js';
import { type ClientOptions, checkOptions } from './client-options.js';
import { MillraceError } from './errors.js';
import { type FollowedEvent, type FollowOptions, follow } from './follow.js';
import { operate } from './operations.js';
import { queryOf } from './query.js';
import { type ResultOptions, Results } from './results.js';
import { Servers } from './servers.js';
import { type SubmitManyOptions, type SubmittedMany, submitMany } from './submit-many.js';
import { type SubmitOptions, Submitter } from './submitter.js';
import { type Call, Transport } from './transport.js';
import { mediaTypes } from './wire.js';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface OperationCall extends CallOptions {
  /** Told every two seconds at least how far it is. Once it has begun it goes on, also when the signal is aborted. */
  readonly onProgress?: (progress: OperationProgress) => void;
}

/** `dryRun`: count what would be changed, and change nothing. Default false. */
export interface OperationOptions extends OperationCall, Omit<OperationRequest, 'target'> {}

/** `onto`: version of the workflow in which they begin again. `map`: names that actions have there, by those they had. */
export interface RecoverOptions extends OperationCall, Omit<RecoverRequest, 'target'> {}

/** `force`: take off what executes at once, and end its thread if it does not end by itself. Default false. */
export interface RemoveOptions extends OperationCall, Omit<RemoveRequest, 'target'> {}

/** `to`: a name of its own for an instance, the full name for a workflow, a branch with a trailing `/` for a branch. */
export interface RenameOptions extends OperationCall, Omit<RenameRequest, 'target'> {}

/** One of `at`, `expression` and `cron`. */
export interface RescheduleOptions extends OperationCall, Omit<RescheduleRequest, 'target'> {}

/** `workflowVersion`: default the newest. `from`: the action at which the new run begins; default: where the workflow does. */
export interface RestartOptions extends OperationCall, Omit<RestartRequest, 'target'> {}

export interface DeployOptions extends CallOptions {
  /** Absolute folder on the server its module paths are relative to. Default: the server's own. */
  readonly baseFolder?: string;
}

/** @throws MillraceError `OPTION_INVALID` */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

/** All methods reject with MillraceError, or with the reason of their signal. */
export class Client {
  readonly #transport: Transport;
  readonly #submitter: Submitter;
  readonly #results: Results;

  constructor(options: ClientOptions) {
    checkOptions(options);
    const { clock = clientClock, timeoutMs = 10_000, deadlineMs = 60_000, attemptsMax = 50 } = options;
    const servers = new Servers(options.urls, clock, options.random ?? Math.random);
    this.#transport = new Transport({
      servers,
      clock,
      // Asked for at each call: tests and tracers replace it.
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      user: options.user,
      timeoutMs,
      deadlineMs,
      attemptsMax,
    });
    this.#submitter = new Submitter(this.#transport, servers.count, options.pendingMax ?? 100_000);
    this.#results = new Results(this.#transport, options.resultPolls ?? ('document' in globalThis ? 3 : 64));
  }

  /**
   * Submit one instance, or up to 500; resolves with their ids when they are durable. Calls made in one turn of the event
   * loop, or while a request is under way, travel together. The instances of a call are stored together or not at all,
   * but for those with names, of which some may be stored when it rejects.
   */
  submit(record: SubmitRecord, options?: SubmitOptions): Promise<string>;
  submit(records: readonly SubmitRecord[], options?: SubmitOptions): Promise<string[]>;
  async submit(given: SubmitRecord | readonly SubmitRecord[], options: SubmitOptions = {}): Promise<string | string[]> {
    if (isList(given)) return this.#submitter.submit(given, options);
    const [id] = await this.#submitter.submit([given], options);
    return id!;
  }

  /** Submit any number, in batches of up to 500, without reading further ahead than the servers store. */
  submitMany(
    records: Iterable<SubmitRecord> | AsyncIterable<SubmitRecord>,
    options: SubmitManyOptions = {},
  ): Promise<SubmittedMany> {
    return submitMany(this.#transport, records, options);
  }

  /** How an instance ended, or that it stands FAILED. @param name its id, `<workflow>/<id>` or given name */
  result(name: string, options: ResultOptions = {}): Promise<InstanceResult> {
    return this.#results.wait(name, options);
  }

  /** Everything known of an instance. @param name its id, `<workflow>/<id>` or given name */
  show(name: string, { signal }: CallOptions = {}): Promise<InstanceRecord> {
    return this.#get(`/v1/instances/${encodeURIComponent(name)}`, signal);
  }

  /** Why an instance does not run, or where it does, since when. @param name its id, `<workflow>/<id>` or given name */
  why(name: string, { signal }: CallOptions = {}): Promise<Why> {
    return this.#get(`/v1/instances/${encodeURIComponent(name)}/why`, signal);
  }

  /** An instance as it stands at one moment, with its workflow. Nothing is left out or hidden: secrets neither. */
  export(name: string, { signal }: CallOptions = {}): Promise<Snapshot> {
    return this.#get(`/v1/instances/${encodeURIComponent(name)}/export`, signal);
  }

  /** Instances, page by page in the order of their submits. A page may be short, or empty, before the last. */
  list(query: InstancesQuery = {}, options: CallOptions = {}): AsyncGenerator<InstancePage, void> {
    return this.#pages('/v1/instances', query, options);
  }

  /** What is deployed, page by page. */
  workflows(query: WorkflowsQuery = {}, options: CallOptions = {}): AsyncGenerator<WorkflowPage, void> {
    return this.#pages('/v1/workflows', query, options);
  }

  /** One version of a workflow with its definition. Default: the newest. */
  workflow(name: string, { signal, ...query }: WorkflowQuery & CallOptions = {}): Promise<StoredWorkflow> {
    return this.#get(`/v1/workflows/${encodeURIComponent(name)}${queryOf(query)}`, signal);
  }

  /** What timers will fire between two times, the first 10,000 of it. */
  forecast(query: ForecastQuery, { signal }: CallOptions = {}): Promise<Forecast> {
    return this.#get(`/v1/forecast${queryOf(query)}`, signal);
  }

  /** The history of runs, page by page, the newest first. A page may be short, or empty, before the last. */
  runs(query: RunsQuery = {}, options: CallOptions = {}): AsyncGenerator<RunPage, void> {
    return this.#pages('/v1/runs', query, options);
  }

  /** What runs and actions took on average, page by page. */
  runAverages(query: AveragesQuery = {}, options: CallOptions = {}): AsyncGenerator<AveragePage, void> {
    return this.#pages('/v1/runs/averages', query, options);
  }

  /** What the actions of an instance took, page by page. */
  executions(query: ExecutionsQuery, options: CallOptions = {}): AsyncGenerator<ExecutionPage, void> {
    return this.#pages('/v1/runs/executions', query, options);
  }

  /** Tell no more of runs that are over, and begin their averages anew. @param scope a workflow, or a branch with a trailing `/` */
  clearRunHistory(scope: string, { signal }: CallOptions = {}): Promise<ClearedRuns> {
    return this.#send('POST', '/v1/runs/clear', { scope }, signal);
  }

  /** One page of the audit; its `next` is good for the next page, for later, and for `follow`. */
  auditPage(query: AuditQuery = {}, { signal }: CallOptions = {}): Promise<AuditPage> {
    return this.#get(`/v1/audit${queryOf(query)}`, signal);
  }

  /** The audit as it stands, page by page, up to its end. */
  async *audit(query: AuditQuery = {}, options: CallOptions = {}): AsyncGenerator<AuditPage, void> {
    let page: AuditPage | null = null;
    do {
      page = await this.auditPage(page === null ? query : { ...query, after: page.next }, options);
      yield page;
    } while (!page.isEnd);
  }

  /**
   * The audit as it happens, each event once, over lost connections and restarted servers. `break` ends it at an event,
   * the signal while it waits for one.
   */
  follow(options: FollowOptions = {}): AsyncGenerator<FollowedEvent, void> {
    return follow(this.#transport, options);
  }

  /** Verify a definition and store it as the newest version of its name; a repeat of that version changes nothing. */
  deploy(definition: WorkflowDefinition, { baseFolder, signal }: DeployOptions = {}): Promise<Deployed> {
    return this.#send('PUT', '/v1/workflows', { definition, baseFolder }, signal);
  }

  /** Store a version under another name, or as the newest of its own; a repeat changes nothing. */
  copyWorkflow(copy: CopyRequest, { signal }: CallOptions = {}): Promise<Deployed> {
    return this.#send('POST', '/v1/workflows/copy', copy, signal);
  }

  /** Hold instances at their next transaction break until they are resumed. @param target an instance, a workflow or a branch with a trailing `/` */
  pause(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('pause', target, options);
  }

  /** Let paused instances go on. */
  resume(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('resume', target, options);
  }

  /** Take instances away: at once where they wait, at their next transaction break where they execute, unless that is forced. */
  remove(target: string, options?: RemoveOptions): Promise<OperationResult> {
    return this.#operate('remove', target, options);
  }

  /** Try FAILED instances again from the transaction that failed, of their own version of the workflow or another. */
  recover(target: string, options?: RecoverOptions): Promise<OperationResult> {
    return this.#operate('recover', target, options);
  }

  /** Have triggers that wait fire at once, neither counted nor rescheduled; what runs does so at the next it reaches. */
  expedite(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('expedite', target, options);
  }

  /** Raise a signal in instances in which it is monitored: what waits goes over its signal flow, what executes does so when it
   * has ended. `options.signal` is an AbortSignal for the call. */
  raiseSignal(target: string, signal: string, options: OperationOptions = {}): Promise<SignalResult> {
    const { signal: abort, ...asked } = options;
    return this.#send('POST', '/v1/operations/signal', { target, signal, ...asked }, abort);
  }

  /** Clear a signal where it is active. */
  clearSignal(target: string, signal: string, options: OperationOptions = {}): Promise<SignalResult> {
    const { signal: abort, ...asked } = options;
    return this.#send('POST', '/v1/operations/signal', { target, signal, clear: true, ...asked }, abort);
  }

  /**
   * Publish a message to workflows that wait for it; resolves when it is durable. One whose answer is lost is not sent again:
   * it may have been published.
   */
  publish(message: MessageRequest, { signal }: CallOptions = {}): Promise<PublishedMessage> {
    return this.#send('POST', '/v1/messages', message, signal, false);
  }

  /** Roll what executes back to its last transaction break when it comes to the next; it begins again at once. What waits is
   * not touched. */
  interrupt(target: string, options?: OperationOptions): Promise<OperationResult> {
    return this.#operate('interrupt', target, options);
  }

  /** What the runtime configuration says, or what holds for a branch, and who says it. */
  configuration(query: ConfigurationQuery = {}, { signal }: CallOptions = {}): Promise<ShownConfiguration> {
    return this.#get(`/v1/configuration${queryOf(query)}`, signal);
  }

  /** Set a property of a branch of the runtime configuration, over what the file says. */
  setProperty(setting: SettingRequest, { signal }: CallOptions = {}): Promise<SettingResult> {
    return this.#send('PUT', '/v1/configuration', setting, signal);
  }

  /** Take away what was set: what the file says holds again. */
  unsetProperty(
    { dryRun, ...name }: Omit<SettingRequest, 'value'>,
    { signal }: CallOptions = {},
  ): Promise<SettingResult> {
    const query = queryOf(dryRun === true ? { ...name, dryRun: 'true' } : name);
    return this.#transport.json({ method: 'DELETE', path: `/v1/configuration${query}`, isRepeatable: true, signal });
  }

  /** Remove instances and submit them again, with the same input, priority, key and given name; their ids are new. */
  restart(target: string, options?: RestartOptions): Promise<OperationResult> {
    return this.#operate('restart', target, options);
  }

  /** Give an instance another name of its own, or a workflow or branch with what lives in it another one. Ids stay. */
  rename(target: string, options: RenameOptions): Promise<OperationResult> {
    return this.#operate('rename', target, options);
  }

  /** Give timers and delays that wait another time to fire, or timers another schedule. */
  reschedule(target: string, options: RescheduleOptions): Promise<OperationResult> {
    return this.#operate('reschedule', target, options);
  }

  #operate(
    operation: Operation,
    target: string,
    { signal, onProgress, ...asked }: OperationOptions = {},
  ): Promise<OperationResult> {
    return operate(this.#transport, operation, { target, ...asked }, signal, onProgress);
  }

  async *#pages<Page extends { readonly next: string | null }>(
    path: string,
    query: Readonly<Record<string, string | number | undefined>> & { readonly after?: string },
    { signal }: CallOptions,
  ): AsyncGenerator<Page, void> {
    let { after } = query;
    do {
      const page: Page = await this.#get<Page>(`${path}${queryOf({ ...query, after })}`, signal);
      yield page;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  #get<Answer>(path: string, signal: AbortSignal | undefined): Promise<Answer> {
    return this.#transport.json<Answer>({ method: 'GET', path, isRepeatable: true, signal });
  }

  async #send<Answer>(
    method: Call['method'],
    path: string,
    value: unknown,
    signal: AbortSignal | undefined,
    isRepeatable = true,
  ): Promise<Answer> {
    let text: string;
    try {
      text = JSON.stringify(value);
    } catch (cause) {
      throw new MillraceError('INPUT_INVALID', `cannot be written as JSON: ${String(cause)}`, { cause });
    }
    const headers = { 'content-type': mediaTypes.json };
    return this.#transport.json<Answer>({ method, path, headers, body: () => text, isRepeatable, signal });
  }
}

function isList(given: SubmitRecord | readonly SubmitRecord[]): given is readonly SubmitRecord[] {
  return Array.isArray(given);
}
