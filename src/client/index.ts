// The public `millrace/client`.

export type { AuditEvent, AuditPage, AuditQuery } from '../api/schema/audit.js';
export type {
  ConfigurationQuery,
  SettingRequest,
  SettingResult,
  ShownConfiguration,
  ShownProperty,
  ShownThrottle,
} from '../api/schema/configuration.js';
export type { Forecast, ForecastQuery } from '../api/schema/forecast.js';
export type {
  ContextRecord,
  InstancePage,
  InstanceRecord,
  InstanceResult,
  InstanceState,
  InstanceSummary,
  InstancesQuery,
  SubmitRecord,
  WorkflowCount,
} from '../api/schema/instances.js';
export type { MessageRequest, PublishedMessage } from '../api/schema/messages.js';
export type { Operation, OperationResult } from '../api/schema/operations.js';
export type { Problem, ProblemCode } from '../api/schema/problem.js';
export type { AveragePage, ClearedRuns, ExecutionPage, RunPage, RunsQuery } from '../api/schema/runs.js';
export type { SignalResult } from '../api/schema/signals.js';
export type { Snapshot, SnapshotContext } from '../api/schema/snapshot.js';
export type { Reason, Why } from '../api/schema/why.js';
export type {
  CopyRequest,
  Deployed,
  StoredWorkflow,
  WorkflowPage,
  WorkflowQuery,
  WorkflowRecord,
  WorkflowsQuery,
} from '../api/schema/workflows.js';
export type { WorkflowDefinition } from '../workflow/model.js';
export { newBatchKey } from './batch-key.js';
export { type CallOptions, type Client, createClient, type DeployOptions } from './client.js';
export type { ClientClock } from './client-clock.js';
export type { ClientOptions } from './client-options.js';
export { type ClientCode, clientCodes, MillraceError, type MillraceErrorCode } from './errors.js';
export type { FollowedEvent, FollowOptions } from './follow.js';
export type { ResultOptions } from './results.js';
export type { SubmitManyOptions, SubmitManyProgress, SubmittedMany } from './submit-many.js';
export type { SubmitOptions } from './submitter.js';
