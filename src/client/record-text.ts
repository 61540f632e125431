// A record as the line that is sent.

import type { SubmitRecord } from '../api/schema/instances.js';
import { MillraceError } from './errors.js';
import type { BatchRecord } from './submit-batch.js';

/** @throws MillraceError `INPUT_INVALID` when it cannot be written as JSON */
export function recordText(record: SubmitRecord, index: number): BatchRecord {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new MillraceError('INPUT_INVALID', `record ${index}: ${problem}`, { index, cause });
  };
  if (typeof record !== 'object' || record === null || Array.isArray(record)) refuse('must be an object');
  let text: string;
  try {
    text = JSON.stringify(record);
  } catch (cause) {
    return refuse(`cannot be written as JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (record.name === undefined) return { text, named: 'no' };
  return { text, named: (record.onConflict ?? 'return') === 'return' ? 'repeatable' : 'once' };
}
