// The variable an error or timeout flow brings along: what the action failed with.

import type { ActionError } from './protocol.js';

export const errorVariable = 'ERROR';

/** @param attempt failed attempts of the transaction before this one */
export function errorText({ code, message, action, stack }: ActionError, attempt: number): string {
  return JSON.stringify({ code, message, action, attempt: attempt + 1, stack });
}

/** Key of what was written in workflow scope. */
const workflowScope = '$workflow';

/**
 * What was written so far with the error laid over it, both JSON text; `written` may be empty.
 *
 * @param context number of the flow context: one of several hands back only what it wrote in workflow scope itself, here nothing
 */
export function withError(written: string, error: string, context: number): string {
  const kept = written === '' ? {} : (JSON.parse(written) as Record<string, unknown>);
  const dropped = (name: string): boolean => name === errorVariable || (context > 0 && name === workflowScope);
  const members = Object.entries(kept).filter(([name]) => !dropped(name));
  const texts = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${[...texts, `"${errorVariable}":${error}`].join(',')}}`;
}
