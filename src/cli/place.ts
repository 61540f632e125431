// Where a command looks: a data folder that no engine holds, or a running server. What commands show is the same.

import { type Command, Option } from 'commander';
import type { operations } from '../api/schema/operations.js';
import type { OutsideMessage } from '../engine/bringers/publish.js';
import type {
  ConfigurationQuery,
  GivenSetting,
  SettingName,
  SettingResult,
  ShownConfiguration,
} from '../engine/configuration/configuration.js';
import type { DeployedWorkflow, StoredWorkflow, WorkflowCopy } from '../engine/definitions/repository.js';
import type { OperationResult } from '../engine/operations/operation-options.js';
import type { SignalOptions, SignalResult } from '../engine/operations/signaller.js';
import type { AuditFilter, AuditOrder, AuditRecord } from '../engine/reads/audit-pages.js';
import type { Forecast, ForecastQuery } from '../engine/reads/forecast.js';
import type { InstanceRecord, WorkflowCount } from '../engine/reads/instances.js';
import type { Snapshot } from '../engine/reads/snapshot.js';
import type { ExecutionRecord } from '../engine/runs/executions.js';
import type { RunAverage } from '../engine/runs/run-averages.js';
import type { RunRecord } from '../engine/runs/run-pages.js';
import type { RunState } from '../engine/runs/run-row-reads.js';
import type { Why } from '../engine/why/reasons.js';
import type { WorkflowDefinition } from '../workflow/model.js';
import { dataHint, dataOption } from './data-option.js';
import { Refusal } from './exit.js';

/** Those that take a target and no more; a rename takes a name, too. */
export type PlaceOperation = Exclude<(typeof operations)[number], 'rename'>;

export interface PlaceOperationOptions {
  readonly dryRun?: boolean;
  /** Of `restart`. */
  readonly workflowVersion?: number;
  readonly from?: string;
  /** Of `recover`. */
  readonly onto?: number;
  readonly map?: Readonly<Record<string, string>>;
  /** Of `remove`. */
  readonly force?: boolean;
  /** Of `reschedule`: one of them. */
  readonly at?: string;
  readonly expression?: string;
  readonly cron?: string;
  readonly zone?: string;
  readonly onProgress?: (progress: OperationResult) => void;
}

/** `onProgress`: told by a folder alone. */
export type PlaceSignalOptions = Pick<SignalOptions, 'dryRun' | 'onProgress'>;

/** `instance`: its id, `<workflow>/<id>` or given name. */
export type PlaceAuditFilter = AuditFilter;

/** Entries of a list, and the cursor of what follows; `null`: nothing does. */
export interface PlacePage<Entry> {
  readonly entries: readonly Entry[];
  readonly next: string | null;
}

export interface Place {
  /** ` --data FOLDER` or ` --url URL` for a command in a hint; nothing when that is not needed. */
  readonly hint: string;
  /** For sentences: `in millrace-data`, `on http://127.0.0.1:7433`. */
  readonly words: string;
  /** An engine runs there. */
  readonly isRunning: boolean;
  count(scope: string): Promise<readonly WorkflowCount[]>;
  show(name: string): Promise<InstanceRecord>;
  why(name: string): Promise<Why>;
  export(name: string): Promise<Snapshot>;
  /** The newest version of each workflow, or all versions of one, newest first. */
  workflows(name: string | null): Promise<readonly Omit<StoredWorkflow, 'definition' | 'baseFolder'>[]>;
  /** @param version `null`: the newest */
  workflow(name: string, version: number | null): Promise<StoredWorkflow>;
  deploy(definition: WorkflowDefinition, baseFolder: string): Promise<DeployedWorkflow>;
  copyWorkflow(copy: WorkflowCopy): Promise<DeployedWorkflow>;
  forecast(query: ForecastQuery): Promise<Forecast>;
  operate(operation: PlaceOperation, target: string, options: PlaceOperationOptions): Promise<OperationResult>;
  rename(target: string, options: PlaceOperationOptions & { readonly to: string }): Promise<OperationResult>;
  publish(message: OutsideMessage): Promise<unknown>;
  signal(change: 'raise' | 'clear', target: string, name: string, options: PlaceSignalOptions): Promise<SignalResult>;
  /** @param scope a workflow, a branch or an instance */
  runs(scope: string, state: RunState | null, after: string | null, limit: number): Promise<PlacePage<RunRecord>>;
  averages(scope: string, after: string | null, limit: number): Promise<PlacePage<RunAverage>>;
  executions(instance: string, after: string | null, limit: number): Promise<PlacePage<ExecutionRecord>>;
  clearRuns(scope: string): Promise<{ readonly runs: number }>;
  configuration(query: ConfigurationQuery): Promise<ShownConfiguration>;
  setProperty(setting: GivenSetting, options: { readonly dryRun?: boolean }): Promise<SettingResult>;
  unsetProperty(name: SettingName, options: { readonly dryRun?: boolean }): Promise<SettingResult>;
  auditPage(
    filter: PlaceAuditFilter,
    after: string | null,
    order: AuditOrder,
    limit: number,
  ): Promise<{ readonly events: readonly AuditRecord[]; readonly next: string; readonly isEnd: boolean }>;
}

export const urlVariable = 'MILLRACE_URL';

export function urlOption(): Option {
  return new Option('-u, --url <url>', 'a running server instead of a folder').env(urlVariable);
}

/** The options of a command that looks at a place. */
export function addPlaceOptions(command: Command): Command {
  return command.addOption(dataOption('folder of the store')).addOption(urlOption());
}

/** The url of the server that is meant; `null`: a folder is. @throws Refusal when both are named */
function urlOf(command: Command): string | null {
  const { url } = command.opts<{ url?: string }>();
  const isFolderNamed = command.getOptionValueSource('data') === 'cli';
  if (url === undefined || url === '') return null;
  if (!isFolderNamed) return url;
  if (command.getOptionValueSource('url') !== 'cli') return null;
  throw new Refusal(['--data and --url: name a folder or a server, not both']);
}

/**
 * @param absent what to do with a folder without a store; one is not made by looking
 * @throws Refusal, EngineError, Failure
 */
export async function withPlace<Answer>(
  command: Command,
  work: (place: Place) => Promise<Answer>,
  absent: 'refuse' | 'make-store' = 'refuse',
): Promise<Answer> {
  const url = urlOf(command);
  if (url !== null) {
    if (command.getOptionValue('runtimeConfig') !== undefined) {
      throw new Refusal([`--runtime-config: is for a data folder; the server (${url}) has its own`]);
    }
    const { withServer } = await import('./server-place.js');
    const isTold = command.getOptionValueSource('url') === 'cli';
    return withServer(url, isTold ? ` --url ${url}` : '', work);
  }
  const { data, runtimeConfig } = command.opts<{ data: string; runtimeConfig?: string }>();
  const { withFolder } = await import('./open-folder.js');
  const { folderPlace } = await import('./folder-place.js');
  return withFolder(data, engine => work(folderPlace(engine, data, dataHint(data))), absent, runtimeConfig);
}

/** The server that is meant. @throws Refusal when it is a folder */
export function serverOnly(command: Command, option: string): string {
  const url = urlOf(command);
  if (url !== null) return url;
  throw new Refusal([`${option}: is for a running server, not for a folder; name it with --url or ${urlVariable}`]);
}

/** The folder that is meant. @throws Refusal when it is a server */
export function folderOnly(command: Command, option: string): string {
  const url = urlOf(command);
  if (url === null) return command.opts<{ data: string }>().data;
  throw new Refusal([`${option}: is for a data folder, not for a server (${url}); name the folder with --data`]);
}
