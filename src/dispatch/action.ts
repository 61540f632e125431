// What every built-in action (`src/actions/`) implements: part of the protocol, so that this room need not import them;
// the thread's entry hands them to the runtime. An action is prepared once for its place in a plan; what comes back is called
// once a member and must cost nothing the member does not need.

import type { CallContext } from '../workflow/context.js';
import type { Json, JsonObject } from '../workflow/model.js';
import type { Demand, PlanAction } from '../workflow/plan.js';
import type { WrittenScript } from '../workflow/script-checks.js';

/** Where the expressions of a text find what they name. */
export interface ValueSource {
  /** Searched in this order: variables of the action, of the flow context, of the workflow, then the input. */
  readonly scopes: readonly JsonObject[];
  /** A property of the runtime configuration, as the workflow's branch sees it; `undefined`: there is none. */
  readonly runtime: (name: string) => Json | undefined;
  /** Milliseconds since 1970 in UTC. */
  readonly atMs: number;
}

/** A property of an action, prepared: what it is in a member. @throws {ActionFault} when what a text names is not there */
export type PreparedValue = (member: ActionMember) => Json;
/** Prepares a property in which `${…}` stands for values (workflow/templates.ts). */
export type ValueFor = (property: Json) => PreparedValue;

/** A statement to be executed in the commit: parameters in PostgreSQL's text format. */
export interface SqlEffect {
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
}

/** A message to be published in the commit. */
export interface MessageEffect {
  readonly publisher: string;
  /** `null`: what the publisher has. */
  readonly style: 'queue' | 'topic' | null;
  readonly priority: number;
  /** JSON text. */
  readonly data: string;
  /** `null`: as its publisher's messages do. */
  readonly expiresAtMs: number | null;
}

/** Groups of processes by their number, which is the pid of the first. Those that are not removed are killed when the thread ends. */
export interface ProcessGroups {
  add(group: number): void;
  remove(group: number): void;
}

/** What a commit is to do, and the place of the action it belongs to. */
export type PlacedEffect = (SqlEffect | MessageEffect) & { readonly place: number };

/** A member as an action sees it. */
export interface ActionMember {
  /** For the expressions in its texts. */
  source(): ValueSource;
  /** Input with everything written laid over it: a new object at each call, the action's own to change. */
  variables(): JsonObject;
  readonly context: CallContext;
  /** The statement goes into the commit of this transaction. @throws ActionFault `SqlDisabled`, `TooManyStatements`,
   * `StatementTooLarge` */
  execute(statement: SqlEffect): void;
  /** Where processes that it starts are told of. @throws ActionFault `ProgramsDisabled` */
  processGroups(): ProcessGroups;
  /** RESULT as the rest of the transaction sees it, when more of it is seen than is stored. From `after` alone. */
  showResult(value: JsonObject): void;
  /** The message goes into the commit of this transaction. @throws ActionFault `TooManyMessages`, `MessageTooLarge` */
  publish(message: MessageEffect): void;
  /** The engine's time of day. */
  nowMs(): number;
  /** Where it waits, of a trigger. */
  turn(): TriggerTurn;
}

/** A trigger is asked whether it fires: once when it is reached, then whenever what it waits for has come. */
export interface TriggerTurn {
  /** The engine's time of day, milliseconds since 1970; never before the moment it had asked to wait for. */
  readonly nowMs: number;
  /** When the flow context reached the trigger. */
  readonly arrivedAtMs: number;
  /** An operator has asked for it to fire at once. */
  readonly isExpedited: boolean;
  /** What the last turn kept; `null`: nothing. It outlives the firing when that says so. */
  readonly kept: Json;
}

/** What a trigger answers when it is asked. */
export type Polled =
  /** It fires. `keeps`: what it finds when the flow returns to it; absent: nothing. */
  | { readonly kind: 'fired'; readonly result: Json; readonly keeps?: Json }
  /** It has nothing left to fire for. */
  | { readonly kind: 'expired'; readonly result: Json; readonly keeps?: Json }
  /** It was to wait no longer than `within`, as its definition says. */
  | { readonly kind: 'timedOut'; readonly within: string }
  /** It is asked again at `untilMs` (`never`: by then nothing happens by itself), or when `event` happens. */
  | { readonly kind: 'waits'; readonly untilMs: number; readonly event?: string; readonly keeps?: Json };

/** A time that does not come. */
export const never = Number.POSITIVE_INFINITY;

/** An action at its place in a plan. */
export interface PlacedAction {
  /** `null` when it can run now, else what must be waited for first; asked before each run. Absent: always can. */
  readonly ready?: (nowMs: number) => Promise<void> | null;
  /** Runs it for a member: returns its result (an `Act`, if the action acts on flow contexts), or a promise of it; throws (or
   * rejects) when it fails. */
  readonly run: (member: ActionMember) => unknown;
  /** What still belongs to it when it has finished, with its result among the variables; returns nothing. */
  readonly after?: PlacedAction;
}

/** What an action returns that acts on flow contexts: what it asks of the engine. The transaction ends with it. */
export interface Act {
  readonly demand: Extract<Demand, { kind: 'act' }>;
  /** Becomes `RESULT`; absent: that stays what it was. */
  readonly result?: unknown;
}

/** Prepares a script to be run as an action, or beside one. @param what it is, for its errors: `the prescript` */
export type PlaceScript = (script: WrittenScript, what: string) => PlacedAction;

export interface BuiltInAction {
  /** It returns an `Act`. */
  readonly acts?: true;
  /** It returns `Polled`, or a promise of it. */
  readonly triggers?: true;
  /** Whether what it returns becomes `RESULT`; otherwise `RESULT` stays what it was. */
  readonly givesResult: boolean;
  prepare(planAction: PlanAction, valueFor: ValueFor, placeScript: PlaceScript): PlacedAction;
}

/** A failure with a code of ours. */
export class ActionFault extends Error {
  override name = 'ActionFault';
  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Whether what an action returned must be awaited. */
export function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
