// The public `millrace` and `millrace/engine`.

export type { ShownProperty } from '../config/shown.js';
export type { ErrorCode } from '../observe/errors.js';
export { EngineError, errorCodes } from '../observe/errors.js';
export type { CallContext } from '../workflow/context.js';
export type { Json, JsonObject, WorkflowDefinition } from '../workflow/model.js';
export type { OutsideMessage } from './bringers/publish.js';
export type { EndedInstances, EndedListener } from './commit/ended.js';
export type { InstanceResult } from './commit/results.js';
export type {
  ConfigurationQuery,
  GivenSetting,
  SettingName,
  SettingOptions,
  SettingResult,
  ShownConfiguration,
  ShownThrottle,
} from './configuration/configuration.js';
export { createEngine } from './create-engine.js';
export type { DeployedWorkflow, StoredWorkflow, WorkflowCopy } from './definitions/repository.js';
export type { Engine } from './engine.js';
export type {
  OperationOptions,
  OperationResult,
  RecoverOptions,
  RemoveOptions,
  RenameOptions,
  RescheduleOptions,
  RestartOptions,
} from './operations/operation-options.js';
export type { SignalOptions, SignalResult } from './operations/signaller.js';
export type { EngineOptions } from './options.js';
export type { AuditFilter, AuditOrder, AuditPage, AuditRecord } from './reads/audit-pages.js';
export type { InstancePage, InstanceState, InstanceSummary } from './reads/instance-pages.js';
export type { ContextRecord, InstanceRecord, WorkflowCount } from './reads/instances.js';
export type { Reads, WorkflowPage } from './reads/reads.js';
export type { Snapshot, SnapshotContext } from './reads/snapshot.js';
export type { ExecutionPage, ExecutionRecord } from './runs/executions.js';
export type { AveragePage, RunAverage } from './runs/run-averages.js';
export type { ClearedRuns, RunPage, RunRecord } from './runs/run-pages.js';
export type { RunState } from './runs/run-row-reads.js';
export type { EngineState, EngineStatus } from './status.js';
export type { SubmitRecord } from './submit/submit-record.js';
export type { SubmitManyOptions, SubmitProgress } from './submit/submit-stream.js';
export type { Reason, ReasonCode, ReasonData, Why } from './why/reasons.js';
