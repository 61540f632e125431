// What user code sees of the member it runs for.

import type { CallContext } from '../../workflow/context.js';
import type { LogLine } from '../protocol.js';
import { storableText } from './error-as-data.js';
import { Member } from './member.js';

const auditNameLengthMax = 200;
const auditMessageLengthMax = 4_096;

/** Everything is made when asked for; most calls ask for nothing. */
export class MemberContext implements CallContext {
  readonly #member: Member;
  #log: CallContext['log'] | null = null;
  /** The action that was closed out by a failure, while the transaction went on without it. */
  #closedAction: string | null = null;

  constructor(member: Member) {
    this.#member = member;
  }

  close(): void {
    this.#closedAction = this.#member.action;
  }

  get instance(): string {
    return this.#member.instance;
  }

  get workflow(): string {
    return this.#member.part.workflow;
  }

  get user(): string | null {
    return this.#member.part.from.runsAs ?? null;
  }

  get action(): string {
    return this.#member.action;
  }

  get attempt(): number {
    return this.#member.part.from.attempt + 1;
  }

  get idempotencyKey(): string {
    const { context, transaction } = this.#member.part.from;
    return `${this.#member.instance}:${context === 0 ? '' : `${context}.`}${transaction}`;
  }

  get signal(): AbortSignal {
    return this.#member.signal;
  }

  // Getters that give functions, so that `({ title }, { set }) => …` works as well as `context.set(…)`.

  get set(): CallContext['set'] {
    return (name, value) => this.#open(name).write(name, value);
  }

  get setWorkflow(): CallContext['setWorkflow'] {
    return (name, value) => this.#open(name).writeToWorkflow(name, value);
  }

  get setTransient(): CallContext['setTransient'] {
    return (name, value) => this.#open(name).writeTransient(name, value);
  }

  /** @param name of the variable that is to be set */
  #open(name: string): Member {
    if (this.#closedAction !== null) throw hasEnded(name, this.#closedAction);
    return this.#member;
  }

  get sendToAuditTrail(): CallContext['sendToAuditTrail'] {
    const member = this.#member;
    return (name, message) => {
      if (this.#closedAction !== null) throw new Error(`action "${this.#closedAction}" has ended`);
      member.recordEvent({
        kind: 'custom',
        name: storableText(String(name), auditNameLengthMax),
        message: storableText(String(message), auditMessageLengthMax),
      });
    };
  }

  get log(): CallContext['log'] {
    const member = this.#member;
    const at = (level: LogLine['level']) => (message: string) =>
      Member.services.log({ level, message, instance: member.instance });
    this.#log ??= { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    return this.#log;
  }
}

export function hasEnded(name: string, action: string): Error {
  return new Error(`"${name}" cannot be set: action "${action}" has ended`);
}
