// `millrace/workflow`: writing, reading and checking definitions, and the names of audit trail events.

export { BodyBuilder, type ForEachProperties, WorkflowBuilder, type WorkflowOptions, workflow } from './builder.js';
export type { Schema } from './conform.js';
export type { CallContext } from './context.js';
export { definitionSchema } from './definition-schema.js';
export {
  type AuditEvent,
  auditEvents,
  type EventFamily,
  type EventShortName,
  eventByCode,
  eventByName,
  eventCode,
} from './events.js';
export {
  DefinitionError,
  type Fault,
  type FaultCode,
  faultCodes,
  formatFault,
  type Parsed,
  type Path,
} from './fault.js';
export { type AuditFilter, auditFilter, recommendedFilter } from './filter.js';
export { checkInput, checkInputText, inputBytesMax, inputDepthMax } from './input.js';
export { type Loaded, loadDefinition } from './load.js';
export type {
  Action,
  Body,
  CallAction,
  CancelAction,
  ConsoleAction,
  DataMap,
  EndAction,
  ErrorAction,
  FileExistTrigger,
  Flow,
  ForEachAction,
  GroupAction,
  Join,
  Json,
  JsonObject,
  NullAction,
  ProcessAction,
  RetryPolicy,
  Script,
  ScriptAction,
  WorkflowAction,
  WorkflowDefinition,
} from './model.js';
export { branchOf, isBelow, parseBranch, parseName } from './namespace.js';
export type { ScriptCheck } from './script-checks.js';
export { definitionText } from './serialize.js';
export { type Source, verify } from './verify.js';
