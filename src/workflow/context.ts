// What a function called by a `call` action gets beside its variables.

/** Handed to every `call` function as its second argument. */
export interface CallContext {
  /** Id of the instance, a UUIDv7. */
  readonly instance: string;
  /** Full name of the workflow. */
  readonly workflow: string;
  /** Who the workflow runs as, by its definition or its branch; `null`: as who has submitted the instance. */
  readonly user: string | null;
  /** Name of the action. */
  readonly action: string;
  /** 1 for the first attempt of this transaction. */
  readonly attempt: number;
  /** The same for every attempt of the transaction: give it to services that can recognise a repetition. */
  readonly idempotencyKey: string;
  /** Aborted when the action's timeout has passed or the engine must stop; an action that heeds it ends cleanly. */
  readonly signal: AbortSignal;
  /**
   * Write a variable of the flow context; kept when the transaction commits. The value must be JSON: numbers that are
   * finite, no dates, no functions. Names that begin with `$`, `RESULT` and `ERROR` cannot be written.
   *
   * @throws TypeError for the name; an error with the code `ResultNotJson` or `ResultTooLarge` for the value
   */
  set(name: string, value: unknown): void;
  /**
   * As `set`, a variable of workflow scope: all flow contexts of the instance see it, where they have none of that name of
   * their own. Of contexts that write the same variable at the same time the one that commits last has its way.
   */
  setWorkflow(name: string, value: unknown): void;
  /** As `set`, a variable that the later actions of this transaction see, and nobody after it: it is never stored. */
  setTransient(name: string, value: unknown): void;
  /** Send an event of your own to the audit trail, recorded when the transaction commits. */
  sendToAuditTrail(name: string, message: string): void;
  log: {
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  };
}
