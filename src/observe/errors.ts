// One class for the faults of the world, one registry of their codes.

/** Stable codes of everything Millrace throws. `STORE_FAILED` is the driver's alone: it ends the engine's work. */
export const errorCodes = {
  INPUT_INVALID: 'what was submitted cannot be stored',
  WORKFLOW_INVALID: 'the definition has faults',
  WORKFLOW_UNKNOWN: 'no workflow has this name',
  INSTANCE_UNKNOWN: 'no instance has this id or name',
  INSTANCE_SPLIT: 'an instance that has split into flow contexts cannot be moved to another version',
  ACTION_UNKNOWN: 'the version of the workflow has no action of this name',
  ACTION_UNSUITABLE: 'no instance can begin again at the action',
  NAME_TAKEN: 'another instance has this name',
  KEY_REUSED: 'the key of a batch stands for other instances',
  NAMESPACE_INVALID: 'not a namespace',
  CURSOR_INVALID: 'not a cursor of this list',
  OPTION_INVALID: 'an option has a value it cannot have',
  ENGINE_DISPOSED: 'the engine has been disposed of',
  ENGINE_STOPPED: 'the engine was stopped before the answer came',
  STORE_LOCKED: 'another process holds the data folder',
  STORE_FAILED: 'the store cannot make anything durable and refuses writes',
  STORE_UNAVAILABLE: 'the store cannot be reached now, or its answer was lost; asked again it may answer',
  STORE_NOT_DURABLE: 'strict durability was asked for and cannot be had',
  STORE_NEWER: 'the store was written by a newer version',
  QUEUE_LOST: 'the queue has been lost and is to be rebuilt from the store',
  QUEUE_UNAVAILABLE: 'the queue did not answer; what was asked of it may have been done or not',
  QUEUE_UNSUITABLE: 'the Redis server is not set up as the queue needs it, or the name is that of another store',
  PUBLISHER_STYLE: 'the publisher has another style than the message asks for',
  PUBLISHER_FULL: 'the publisher has as many messages as it may have',
  OPERATION_CONTENDED: 'what an operation names kept changing, so that it was not applied to all of it',
  SIGNAL_UNKNOWN: 'nothing monitors a signal of this name',
  SETTING_INVALID: 'not a property of the runtime configuration, or not a value for it',
  SETTINGS_FULL: 'as many properties have been set as there may be',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** A fault with a stable code; the message says what, where and with which value. */
export class EngineError extends Error {
  override name = 'EngineError';
  /** Index of the record to blame in a call that brought several. */
  readonly record: number | null;
  /** One for each of several faults, when there is more to say than a message holds. */
  readonly lines: readonly string[] | null;
  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; record?: number; lines?: readonly string[] } = {},
  ) {
    super(`${code}: ${message}`, options);
    this.record = options.record ?? null;
    this.lines = options.lines ?? null;
  }
}
