// The variable an error or timeout flow brings along: what the action failed with.

import { workflowKey } from '../workflow/written.js';
import type { ActionError } from './protocol.js';

export const errorVariable = 'ERROR';

/** @param attempt failed attempts of the transaction before this one */
export function errorText({ code, message, action, stack }: ActionError, attempt: number): string {
  return JSON.stringify({ code, message, action, attempt: attempt + 1, stack });
}

/**
 * What was written so far with the error laid over it, both JSON text; `written` may be empty.
 *
 * @param isOneOfSeveral of several flow contexts: in workflow scope this one has written nothing
 */
export function withError(written: string, error: string, isOneOfSeveral: boolean): string {
  const kept = written === '' ? {} : (JSON.parse(written) as Record<string, unknown>);
  const members = Object.entries(kept).filter(
    ([name]) => name !== errorVariable && !(isOneOfSeveral && name === workflowKey),
  );
  const texts = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${[...texts, `"${errorVariable}":${error}`].join(',')}}`;
}
