// What a caller of an operation says besides what it names, and what it is answered.

export interface OperationOptions {
  /** Who asks, for the audit. Default: who runs this process. */
  readonly user?: string;
  /** Count what would be changed, and change nothing. Default false. */
  readonly dryRun?: boolean;
  /** Told after every page of a workflow or branch, 500 segments at most, what has been changed so far. It must be quick and
   * must not throw. */
  readonly onProgress?: (progress: OperationResult) => void;
}

export interface RecoverOptions extends OperationOptions {
  /** Version of their workflow in which instances begin again, from 1: at the action of the same name, a transaction break of the
   * workflow itself, with what has been written. None that has split can. Default: their own. What is wrong with it is
   * found before anything is moved, unless something comes to where it cannot be moved from meanwhile.
   * @throws EngineError `OPTION_INVALID`; `WORKFLOW_UNKNOWN`: there is no such version; `ACTION_UNKNOWN`: it, or `map`, names no
   *   action; `ACTION_UNSUITABLE`: none can begin there; `INSTANCE_SPLIT` */
  readonly onto?: number;
  /** Of `onto`: names that actions have there, by those they had. Default: the same. */
  readonly map?: Readonly<Record<string, string>>;
}

export interface RestartOptions extends OperationOptions {
  /** Version of the workflow that runs then. Default: the newest. */
  readonly workflowVersion?: number;
  /** Action at which the new run begins, with the variables that were there: a transaction break of the workflow itself.
   * Default: where the workflow begins, with its input. */
  readonly from?: string;
}

export interface RemoveOptions extends OperationOptions {
  /** Take off what executes at once, and not at its break: the signal of its action is aborted, and where that is not heeded its
   * thread is ended. Default false. */
  readonly force?: boolean;
}

export interface RenameOptions extends OperationOptions {
  /** Of an instance: a name given to it, without a `/` at either end. Of a workflow: its full name. Of a branch: a branch, with a
   * trailing `/`. */
  readonly to: string;
}

/** One of `at`, `expression` and `cron`. */
export interface RescheduleOptions extends OperationOptions {
  /** When timers and delays that wait fire next: ISO 8601 with its offset, or a relative time expression from now on. What has
   * passed is now. The schedule goes on behind it as if it had fired when it was due. */
  readonly at?: string;
  /** Timers that wait fire from now on by this cron-style or relative time expression, in place of what their definition says. */
  readonly expression?: string;
  /** The same, as a crontab line. */
  readonly cron?: string;
  /** Zone of the clocks of `expression` and `cron`, an IANA name. Default: the timer's own. */
  readonly zone?: string;
}

export interface OperationResult {
  /** Flow contexts the operation changed, or would change. */
  readonly contexts: number;
  /** Instances they are of; told by a dry run, and by what replaces instances. */
  readonly instances?: number;
  /** Segments touched: the rows it cost. */
  readonly segments: number;
}
