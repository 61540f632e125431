// Batches under a key of the client's, so that one sent again is stored once: the key is the id of their root.

import { EngineError } from '../../observe/errors.js';
import type { Body } from '../../store/contract.js';
import { rootMembersMax, splitInstanceId } from '../../workflow/instance-id.js';
import type { CheckedRecord } from './submit-record.js';

/** Inputs of a batch, characters of their JSON. Above what the engine itself puts in a root, for clients cut by other
 * measures. */
const batchLengthMax = 1_048_576;

/** Instances to be stored together, or why they cannot be. */
export interface CheckedBatch {
  readonly records: readonly CheckedRecord[];
  /** `null`: the engine makes the ids. */
  readonly key: string | null;
  readonly fault: EngineError | null;
}

/**
 * The key in the form ids have.
 *
 * @throws EngineError `INPUT_INVALID` when it is no root id, or the records cannot be one batch
 */
export function checkBatch(key: string, records: readonly CheckedRecord[]): string {
  const refuse = (problem: string): never => {
    throw new EngineError('INPUT_INVALID', `batch: ${problem}`);
  };
  const parts = splitInstanceId(key);
  if (parts === null || parts.ordinal !== 0 || !/^.{14}7.{4}[89ab]/.test(parts.root)) {
    refuse('a key is a UUIDv7 whose last four hex digits are 0000');
  }
  if (records.length < 1 || records.length > rootMembersMax) refuse(`has 1 to ${rootMembersMax} instances`);
  // Whom a name belongs to may change between two sendings: the ids could not be the same.
  const named = records.findIndex(({ name }) => name !== null);
  if (named >= 0) {
    throw new EngineError('INPUT_INVALID', `record ${named}: name: cannot be given in a batch with a key`, {
      record: named,
    });
  }
  let length = 0;
  for (const { text } of records) length += text.length;
  if (length > batchLengthMax)
    refuse(`its inputs have ${length} characters, at most ${batchLengthMax} can be one batch`);
  return parts!.root;
}

/** Whether a batch that is stored has these records' inputs. Nothing else is kept with a root for as long: another workflow,
 * priority, key of an instance or time under the same key and inputs is not found out, and answers the ids of the first. */
export function isSameBatch({ ordinals, bytes }: Body, records: readonly CheckedRecord[]): boolean {
  return (
    ordinals.length === records.length &&
    Buffer.from(records.map(({ text }) => text).join('')).equals(Buffer.from(bytes))
  );
}
