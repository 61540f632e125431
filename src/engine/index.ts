// The public `millrace` and `millrace/engine`.

export type { ShownProperty } from '../config/shown.js';
export type { ErrorCode } from '../observe/errors.js';
export { EngineError, errorCodes } from '../observe/errors.js';
export type { CallContext } from '../workflow/context.js';
export type { Json, JsonObject, WorkflowDefinition } from '../workflow/model.js';
export type { AuditFilter, AuditOrder, AuditPage, AuditRecord } from './audit-pages.js';
export type {
  ConfigurationQuery,
  GivenSetting,
  SettingName,
  SettingOptions,
  SettingResult,
  ShownConfiguration,
  ShownThrottle,
} from './configuration.js';
export { createEngine } from './create-engine.js';
export type { EndedInstances, EndedListener } from './ended.js';
export type { Engine } from './engine.js';
export type { ExecutionPage, ExecutionRecord } from './executions.js';
export type { InstancePage, InstanceState, InstanceSummary } from './instance-pages.js';
export type { ContextRecord, InstanceRecord, WorkflowCount } from './instances.js';
export type {
  OperationOptions,
  OperationResult,
  RecoverOptions,
  RemoveOptions,
  RenameOptions,
  RescheduleOptions,
  RestartOptions,
} from './operation-options.js';
export type { EngineOptions } from './options.js';
export type { OutsideMessage } from './publish.js';
export type { Reads, WorkflowPage } from './reads.js';
export type { DeployedWorkflow, StoredWorkflow, WorkflowCopy } from './repository.js';
export type { InstanceResult } from './results.js';
export type { AveragePage, RunAverage } from './run-averages.js';
export type { ClearedRuns, RunPage, RunRecord } from './run-pages.js';
export type { RunState } from './run-row-reads.js';
export type { SignalOptions, SignalResult } from './signaller.js';
export type { Snapshot, SnapshotContext } from './snapshot.js';
export type { EngineState, EngineStatus } from './status.js';
export type { SubmitRecord } from './submit-record.js';
export type { SubmitManyOptions, SubmitProgress } from './submit-stream.js';
export type { Reason, ReasonCode, ReasonData, Why } from './why/reasons.js';
