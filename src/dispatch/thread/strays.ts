// What user code does outside of any call: it throws, or ends its thread.

import { ActionFault } from '../action.js';
import type { SharedState } from '../shared-state.js';
import { errorAsData } from './error-as-data.js';
import type { Member } from './member.js';
import type { Outbox } from './outbox.js';

/** An error that nobody can be charged with. */
export function logStray(thrown: unknown, outbox: Outbox): void {
  const { message, stack } = errorAsData(thrown, '');
  const text = `an error of no known instance: ${stack === '' ? message : stack}`;
  outbox.log({ level: 'error', message: text, instance: '' });
}

/** The thread exits while `member` is the one that user code runs for. */
export function nameCulprit(member: Member | undefined, shared: SharedState, nobody: number): void {
  if (member?.isExecuting) {
    shared.exits(member.row);
  } else if (member !== undefined) {
    shared.exits(nobody);
    const fault = new ActionFault('ActionExited', `action "${member.action}" ended its thread after it had returned`);
    member.recordEvent({ kind: 'late-error', error: errorAsData(fault, member.action) });
  }
}
