// The errors of members that stand FAILED, as they are kept with their segment: each different one once, bounded.

import type { ActionError } from '../../dispatch/protocol.js';
import { storableText } from '../../dispatch/thread/error-as-data.js';
import type { Failure, Failures, Segment } from '../../store/contract.js';

/** Characters of messages and stacks in one segment, shared evenly by its errors: a few are kept whole, of 500 different
 * ones some 130 characters each. */
const charactersMax = 65_536;
/** A stack of fewer characters says nothing. */
const stackMin = 100;

/** An error in hand, or one that was kept already. */
export type FailedWith = ActionError & Partial<Pick<Failure, 'attempt' | 'handler'>>;

/**
 * @param errors by position
 * @param attempt of the transaction that failed, from 1
 */
export function failuresOf(errors: readonly FailedWith[], attempt: number): Failures {
  // Members that failed together share the object; only different objects are compared.
  const indexOfObject = new Map<FailedWith, number>();
  const indexOfText = new Map<string, number>();
  const different: FailedWith[] = [];
  const of = errors.map(error => {
    const known = indexOfObject.get(error);
    if (known !== undefined) return known;
    const text = JSON.stringify([error.code, error.action, error.message, error.stack, error.attempt, error.handler]);
    const index = indexOfText.get(text) ?? different.push(error) - 1;
    indexOfText.set(text, index);
    indexOfObject.set(error, index);
    return index;
  });
  const share = Math.floor(charactersMax / different.length);
  return { errors: different.map(error => cut({ attempt, ...error }, share)), of: different.length === 1 ? [] : of };
}

/** The error of the member at a position; `null` when the segment has none. */
export function errorAt({ failures, attempt }: Segment, position: number): Failure | null {
  const kept = failures?.errors[failures.of[position] ?? 0];
  // What was kept before attempts were kept with it.
  return kept === undefined ? null : { ...kept, attempt: kept.attempt ?? attempt + 1 };
}

function cut({ message, stack, ...error }: Failure, charactersMax: number): Failure {
  const kept = storableText(message, charactersMax);
  const left = charactersMax - kept.length;
  return { ...error, message: kept, stack: left < stackMin ? '' : storableText(stack, left) };
}
