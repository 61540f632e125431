// The contract of scripts: what a language is, what a script may do, how it ends.
//
// A script is a text that somebody wrote into a definition. It runs in a sandbox of its language: it reaches the flow context
// it is given and nothing else of the engine, the thread or the machine, and it is held to time and memory.
//
// Guarantees of a language:
//   L1. A run sees nothing of an earlier one's, whatever became of that.
//   L2. `run` returns: an error of the script, its time and its memory are outcomes. What a language cannot interrupt (a
//       native loop) is ended with its thread, by whoever watches threads.

/** What a script reaches of the instance it runs for. What these throw becomes an error within the script. */
export interface ScriptFlowContext {
  readonly workflow: string;
  readonly instance: string;
  /** Who the workflow runs as; `null`: as who has submitted the instance. */
  readonly user: string | null;
  readonly action: string;
  /** 1 for the first attempt of the transaction. */
  readonly attempt: number;
  /** JSON text of the variables, one object; asked for when the script first wants one. */
  variablesText(): string;
  /** @param value JSON */
  set(name: string, value: unknown): void;
  /** A variable of the workflow, which all flow contexts of the instance share. @param value JSON */
  setWorkflow(name: string, value: unknown): void;
  log(message: string): void;
  sendToAuditTrail(name: string, message: string): void;
}

/** Limits of each run of a script. */
export interface ScriptLimits {
  /** How long it may run, ms. Default 1,000. */
  readonly timeoutMs: number;
  /** Memory of its sandbox with the interpreter's own in it, MB. Default 16, which is also the least. */
  readonly memoryMb: number;
}

export const defaultScriptLimits: ScriptLimits = { timeoutMs: 1_000, memoryMb: 16 };

/** Characters of JSON that one run may write and return. */
export const outputCharactersMax = 1_048_576;
/** Lines that one run may log; the rest is counted. */
export const logLinesMax = 100;

/** Where in a text, from 1. */
export interface ScriptPlace {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a text before it runs. */
export interface ScriptFault extends ScriptPlace {
  readonly message: string;
}

export const scriptErrorCodes = {
  ScriptFailed: 'the script threw, or is none',
  ScriptTimeout: 'it ran for longer than a script may',
  ScriptOutOfMemory: 'it filled the memory of its sandbox',
  ScriptAborted: 'it brought its interpreter down, mostly by nesting too deep; a new one was made',
  ScriptResultNotJson: 'its value is not JSON',
  ScriptResultTooLarge: 'its value, with what it wrote, is larger than a script may give',
  ScriptsDisabled: 'this engine runs no scripts',
} as const;

export type ScriptErrorCode = keyof typeof scriptErrorCodes;

export type ScriptOutcome =
  /** JSON text of the script's value: that of its last expression, `null` when it has none. */
  | { readonly ok: true; readonly value: string }
  /** `place`: where in its text, if that is known. */
  | {
      readonly ok: false;
      readonly code: ScriptErrorCode;
      readonly message: string;
      readonly place: ScriptPlace | null;
    };

export interface ScriptLanguage {
  /** `null`: a script can be checked or run now; else what must be waited for first. To be asked before each. */
  ready(): Promise<void> | null;
  /** What keeps the text from being a script; it is not run. */
  check(text: string): ScriptFault | null;
  run(text: string, flowContext: ScriptFlowContext): ScriptOutcome;
}
