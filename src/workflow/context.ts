// What a function called by a `call` action gets beside its variables.

/** Handed to every `call` function as its second argument. */
export interface CallContext {
  /** Id of the instance, a UUIDv7. */
  readonly instance: string;
  /** Full name of the workflow. */
  readonly workflow: string;
  /** Name of the action. */
  readonly action: string;
  /** 1 for the first attempt of this transaction. */
  readonly attempt: number;
  /** The same for every attempt of the transaction: give it to services that can recognise a repetition. */
  readonly idempotencyKey: string;
  /** Aborted when the action's timeout has passed or the engine must stop; an action that heeds it ends cleanly. */
  readonly signal: AbortSignal;
  /** Write a variable of the instance; kept when the transaction commits. The value must be JSON. */
  set(name: string, value: unknown): void;
  /** Send an event of your own to the audit trail, recorded when the transaction commits. */
  sendToAuditTrail(name: string, message: string): void;
  log: {
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  };
}
