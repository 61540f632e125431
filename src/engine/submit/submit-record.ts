// One instance to be, as callers say it and as it can be stored. On the path of every submit.

import { EngineError } from '../../observe/errors.js';
import { keyBytesMax } from '../../queue/key-rules.js';
import { checkInput } from '../../workflow/input.js';
import { lastPart, splitInstanceId } from '../../workflow/instance-id.js';
import type { JsonObject } from '../../workflow/model.js';
import type { Definitions, KnownWorkflow } from '../definitions/definitions.js';

const onConflicts = ['return', 'replace', 'reject'] as const;
type OnConflict = (typeof onConflicts)[number];

/** One instance to be. */
export interface SubmitRecord {
  /** Full name of a stored workflow. */
  readonly workflow: string;
  /** Which version of it runs. Default: the newest. */
  readonly workflowVersion?: number;
  /** The instance's variables at its start. Default `{}`. */
  readonly input?: JsonObject;
  /** 1 (highest) to 10,000. Default: the workflow's own, else inherited. */
  readonly priority?: number;
  /** Whose it is (a tenant, a customer), for the rules of its branch: 1 to 128 bytes without control characters. Default: none. */
  readonly key?: string;
  /** A name of the instance's own, unique while it lives and through its history; without a `/` at either end. */
  readonly name?: string;
  /** When `name` is taken: answer with its instance (default), submit in its place, or refuse. */
  readonly onConflict?: OnConflict;
  /** Not to start before, milliseconds since 1970. Default: now. */
  readonly eligibleAtMs?: number;
}

/** Whether a call submits several. */
export function isList(records: SubmitRecord | readonly SubmitRecord[]): records is readonly SubmitRecord[] {
  return Array.isArray(records);
}

/** A record as it can be stored. */
export interface CheckedRecord {
  readonly workflow: KnownWorkflow;
  /** JSON of the input. */
  readonly text: string;
  readonly priority: number | null;
  readonly key: string | null;
  readonly name: string | null;
  readonly onConflict: OnConflict;
  readonly eligibleAtMs: number | null;
}

/**
 * What a record says, checked.
 *
 * @param index its position in the call, for the message
 * @throws EngineError `INPUT_INVALID`, `WORKFLOW_UNKNOWN`
 */
export function checkRecord(record: SubmitRecord, index: number, definitions: Definitions): CheckedRecord {
  const refuse = (field: string, problem: string): never => {
    throw new EngineError('INPUT_INVALID', `record ${index}: ${field}: ${problem}`, { record: index });
  };
  const input = checkInput(record.input ?? {});
  if (!input.ok) return refuse(input.fault.path === '' ? 'input' : `input.${input.fault.path}`, input.fault.message);
  const { priority, key, eligibleAtMs, name, workflowVersion } = record;
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 1 && priority <= 10_000)) {
    refuse('priority', `${String(priority)} must be an integer from 1 to 10,000`);
  }
  if (key !== undefined && !isKey(key)) {
    refuse('key', `must be 1 to ${keyBytesMax} bytes without control characters or lone surrogates`);
  }
  if (
    eligibleAtMs !== undefined &&
    !(Number.isSafeInteger(eligibleAtMs) && eligibleAtMs >= 0 && eligibleAtMs < 32_503_680_000_000)
  ) {
    refuse('eligibleAtMs', `${String(eligibleAtMs)} must be milliseconds from 1970 to 3000`);
  }
  const nameFault = name === undefined ? null : givenNameFault(name);
  if (nameFault !== null) refuse('name', nameFault);
  if (workflowVersion !== undefined && !(Number.isSafeInteger(workflowVersion) && workflowVersion >= 1)) {
    refuse('workflowVersion', `${String(workflowVersion)} must be an integer from 1`);
  }
  const onConflict = record.onConflict ?? 'return';
  if (!onConflicts.includes(onConflict)) {
    refuse('onConflict', `"${String(onConflict)}" must be ${onConflicts.map(each => `"${each}"`).join(', ')}`);
  }
  const workflow = workflowOf(record, index, definitions);
  return {
    workflow,
    text: input.value,
    priority: priority ?? workflow.plan.priority,
    key: key ?? null,
    name: name ?? null,
    onConflict,
    eligibleAtMs: eligibleAtMs ?? null,
  };
}

function workflowOf({ workflow, workflowVersion }: SubmitRecord, record: number, definitions: Definitions) {
  const newest = definitions.newest(workflow, record);
  if (workflowVersion === undefined) return newest;
  const known = definitions.find(workflow, workflowVersion);
  if (known !== undefined) return known;
  throw new EngineError('WORKFLOW_UNKNOWN', `workflow "${workflow}" has no version ${workflowVersion}`, { record });
}

function isKey(key: unknown): key is string {
  if (typeof key !== 'string' || key.length === 0 || key.length > keyBytesMax) return false;
  return Buffer.byteLength(key) <= keyBytesMax && !/[\p{Cc}\p{Cs}]/u.test(key);
}

/** What is wrong with a given name, as the end of a sentence; `null`: nothing. */
export function givenNameFault(name: unknown): string | null {
  if (!isName(name)) return 'must be 1 to 1,024 characters without control characters or lone surrogates';
  return isTakenFor(name) ? 'must not begin or end with "/" nor be, or end with, an instance id after a "/"' : null;
}

/** Given names are shown, logged and compared: no control characters, no lone surrogates. */
function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && name.length <= 1_024 && !/[\p{Cc}\p{Cs}]/u.test(name);
}

/** Names that would be read as something else where an instance is named: a workflow, a branch, an id (see `idOf`). */
function isTakenFor(name: string): boolean {
  return name.startsWith('/') || name.endsWith('/') || splitInstanceId(lastPart(name)) !== null;
}
