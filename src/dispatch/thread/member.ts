// A member that executes: where its transaction stands, what it wrote, and the context its functions are given.
//
// RESULT and what `set` wrote are kept as JSON text, and each action of a transaction gets variables parsed anew. So
// an action sees the same whether a transaction break stands before it or not, and nobody shares objects.

import type { CallContext } from '../../workflow/context.js';
import type { TargetScope } from '../../workflow/data-map.js';
import { instanceId } from '../../workflow/instance-id.js';
import { messageBytesMax } from '../../workflow/message-limits.js';
import type { Json, JsonObject } from '../../workflow/model.js';
import { END, type Place } from '../../workflow/plan.js';
import { isDestroyedBy } from '../../workflow/process-checks.js';
import { isEndedBySignal } from '../../workflow/signals.js';
import { isVariableName, variableNameLengthMax } from '../../workflow/variable-name.js';
import {
  ActionFault,
  type MessageEffect,
  never,
  type PlacedEffect,
  type Polled,
  type ProcessGroups,
  type SqlEffect,
  type TriggerTurn,
  type ValueSource,
} from '../action.js';
import { errorText, errorVariable } from '../error-variable.js';
import type { ActionError, MemberEvent, Withdrawn } from '../protocol.js';
import { jsonText } from './json-text.js';
import { hasEnded, MemberContext } from './member-context.js';
import type { MemberServices } from './member-services.js';
import {
  finalResult,
  freshVariables,
  type Scopes,
  scopesOf,
  seenVariables,
  type Writes,
  writtenText,
} from './scopes.js';
import type { ThreadPart } from './thread-batch.js';
import type { PathNode } from './thread-plan.js';
import { type AllKept, type Kept, keptOf, keptText, turnOf } from './turns.js';
import type { ScopedMember } from './values.js';

const auditEventsMax = 1_000;
const statementsMax = 100;
const statementLengthMax = 65_536;
const messagesMax = 100;

export class Member implements ScopedMember, Writes {
  static services: MemberServices;

  node: PathNode;
  row = -1;
  isExecuting = true;
  /** When its current action began, and its transaction; `performance.now()`. */
  startedMs = 0;
  begunMs = 0;
  /** Time its synchronous parts held the thread. */
  syncMs = 0;
  /** Started and ended of the actions before the current one. */
  times: number[] | null = null;
  /** Their results. */
  earlierResults: string[] | null = null;
  writes: Map<string, string> | null = null;
  workflowWrites: Map<string, string> | null = null;
  transients: Map<string, string> | null = null;
  /** What the data map of its current action put there. */
  actionVariables: Map<string, string> | null = null;
  triggersKept: string | null = null;
  /** When it came to its trigger, which had been asked before and has fired. */
  arrivedMs: number | null = null;
  /** What triggers kept when it began; read when the first one asks. */
  #kept: AllKept | null = null;
  /** Of a trigger that waits. */
  untilMs = never;
  event = '';
  events: MemberEvent[] | null = null;
  /** What is to be executed in the commit. */
  statements: PlacedEffect[] | null = null;
  isTimedOut = false;
  /** The engine stops and has aborted its signal: a failure from now on is not its own. */
  isInterrupted = false;
  /** Nobody waits for what it comes to: it begins no further action, and fails with this. */
  endsWith: ActionFault | null = null;
  /** An operator has interrupted it, or it is destroyed: whatever it comes to is rolled back. */
  isRolledBack = false;
  /** It is removed at its break: what an interrupt destroys is not waited for. */
  #isLeaving = false;
  /** Stops the timer of its timeout, or of its grace. */
  cancelTimer: (() => void) | null = null;
  /** Number of the flush its outcome goes with. */
  flush = -1;
  #result: string | null = null;
  #controller: AbortController | null = null;
  #abortReason: Error | null = null;
  #context: MemberContext | null = null;

  constructor(
    readonly part: ThreadPart,
    /** Index within the part. */
    readonly index: number,
  ) {
    this.node = part.root;
  }

  /** RESULT as this transaction left it. */
  get result(): string | null {
    return this.#result;
  }

  set result(text: string | null) {
    this.#result = text;
    this.transients?.delete('RESULT');
  }

  get slot(): number {
    return this.part.base + this.index;
  }

  get instance(): string {
    return instanceId(this.part.from.root, this.part.from.ordinals[this.index]!);
  }

  get action(): string {
    return this.node.place.planAction.name;
  }

  nowMs(): number {
    return Member.services.nowMs();
  }

  get context(): CallContext {
    this.#context ??= new MemberContext(this);
    return this.#context;
  }

  variables(): JsonObject {
    const { batch } = this.part;
    return seenVariables(batch.input(this.slot), batch.written(this.slot), this);
  }

  /** At least the variables with these names; all of them where those are not known without. */
  variablesNamed(names: ReadonlySet<string>): JsonObject {
    return freshVariables(names, this) ?? this.variables();
  }

  scopes(): Scopes {
    const { batch } = this.part;
    return scopesOf(batch.input(this.slot), batch.written(this.slot), this);
  }

  source(): ValueSource {
    const { action, flow, workflow, input } = this.scopes();
    const properties = this.node.plan.plan.runtime;
    return {
      scopes: [action, flow, workflow, input],
      runtime: name => properties?.get(name),
      atMs: Member.services.nowMs(),
    };
  }

  /** Its transaction begins, at its first action. @param atMs `performance.now()` */
  begins(atMs: number): void {
    this.begunMs = atMs;
    this.startedMs = atMs;
  }

  /** Its action has ended, and the next one begins. @param text result of the action, or its error, as JSON */
  goOn(node: PathNode, text: string, nowMs: number): void {
    this.times ??= [];
    this.times.push(this.startedMs, nowMs);
    this.earlierResults ??= [];
    this.earlierResults.push(text);
    this.node = node;
    this.startedMs = nowMs;
    if (this.#isLeaving) this.#endProgram('leaving');
  }

  /** JSON text of what its transaction leaves it with. @throws when what was written before is not JSON */
  leavesWith(reached: Place): string | null {
    return reached === END && this.part.from.context === 0
      ? finalResult(this.result, this.part.batch.written(this.slot))
      : this.#everythingWritten();
  }

  turn(): TriggerTurn {
    const { from, batch } = this.part;
    return turnOf(this.#keptBefore(), this.action, from, this.index, batch.atMs);
  }

  /** Its trigger gives a result. */
  arrive(): void {
    if (this.part.from.isWaiting) this.arrivedMs = this.turn().arrivedAtMs;
  }

  /** Its trigger has not fired. */
  wait({ untilMs, event, keeps }: Extract<Polled, { kind: 'waits' }>): void {
    this.untilMs = untilMs;
    this.event = event ?? '';
    const { arrivedAtMs } = this.turn();
    this.keep({ arrivedAtMs, ...(keeps === undefined ? {} : { kept: keeps }) });
  }

  /** What its trigger keeps, beside what others do. */
  keep(kept: Kept | null): void {
    this.triggersKept = keptText(this.#keptBefore(), this.action, kept);
  }

  #keptBefore(): AllKept {
    this.#kept ??= keptOf(this.part.batch.written(this.slot));
    return this.#kept;
  }

  /** JSON text of everything written so far in the flow context's life, or `null` when this transaction wrote nothing. */
  #everythingWritten(): string | null {
    return writtenText(this.part.batch.written(this.slot), this, this.part.from.context > 0);
  }

  write(name: string, value: unknown): void {
    const text = this.#textFor(name, value);
    this.writes ??= new Map();
    this.writes.set(name, text);
    this.transients?.delete(name);
  }

  writeToWorkflow(name: string, value: unknown): void {
    const text = this.#textFor(name, value);
    this.workflowWrites ??= new Map();
    this.workflowWrites.set(name, text);
  }

  writeTransient(name: string, value: unknown): void {
    const text = this.#textFor(name, value);
    this.transients ??= new Map();
    this.transients.set(name, text);
  }

  put(scope: TargetScope, name: string, value: Json): void {
    switch (scope) {
      case 'action':
        this.actionVariables ??= new Map();
        this.actionVariables.set(name, this.#textFor(name, value));
        return;
      case 'flow':
        this.write(name, value);
        return;
      case 'workflow':
        this.writeToWorkflow(name, value);
        return;
    }
  }

  #textFor(name: string, value: unknown): string {
    if (!this.isExecuting) throw hasEnded(name, this.action);
    if (!isVariableName(name)) {
      throw new TypeError(`"${String(name).slice(0, variableNameLengthMax)}" cannot be the name of a variable`);
    }
    // A name goes into JSON too.
    jsonText(name, 'the name of a variable', variableNameLengthMax * 6);
    return jsonText(value, `variable "${name}"`, Member.services.resultBytesMax, true);
  }

  execute(statement: SqlEffect): void {
    if (!Member.services.sql) throw new ActionFault('SqlDisabled', 'sql actions are off: start the engine with `sql`');
    const length = statement.parameters.reduce((sum, each) => sum + (each?.length ?? 0), statement.sql.length);
    if (length > statementLengthMax) {
      const message = `a statement and its parameters have ${length} characters; ${statementLengthMax} are accepted`;
      throw new ActionFault('StatementTooLarge', message);
    }
    this.statements ??= [];
    if (this.statements.filter(effect => 'sql' in effect).length === statementsMax) {
      throw new ActionFault('TooManyStatements', `a transaction may execute ${statementsMax} statements`);
    }
    this.statements.push({ ...statement, place: this.node.place.planAction.place });
  }

  processGroups(): ProcessGroups {
    const { processGroups } = Member.services;
    if (processGroups !== null) return processGroups;
    throw new ActionFault('ProgramsDisabled', 'process actions are off: start the engine with `programs`');
  }

  showResult(value: JsonObject): void {
    this.transients ??= new Map();
    this.transients.set('RESULT', jsonText(value, 'the result', Member.services.resultBytesMax));
  }

  publish(message: MessageEffect): void {
    const bytes = Buffer.byteLength(message.data);
    if (bytes > messageBytesMax) {
      const found = `the data of a message has ${bytes} bytes as JSON; ${messageBytesMax} are accepted`;
      throw new ActionFault('MessageTooLarge', found);
    }
    this.statements ??= [];
    if (this.statements.filter(effect => 'publisher' in effect).length === messagesMax) {
      throw new ActionFault('TooManyMessages', `a transaction may publish ${messagesMax} messages`);
    }
    this.statements.push({ ...message, place: this.node.place.planAction.place });
  }

  recordEvent(event: MemberEvent['event']): void {
    const { node, part, index } = this;
    const record: MemberEvent = {
      part: part.index,
      member: index,
      place: node.place.planAction.place,
      atMs: Member.services.nowMs(),
      event,
    };
    if (!this.isExecuting) {
      Member.services.late(this, record);
      return;
    }
    this.events ??= [];
    if (this.events.length === auditEventsMax) {
      throw new ActionFault('TooManyAuditEvents', `an action may send ${auditEventsMax} events to the audit trail`);
    }
    this.events.push(record);
  }

  /**
   * Its action failed, and a flow is taken for that: what the action may still do belongs to nobody, and the next one
   * has a signal of its own.
   *
   * @param rollback what the transaction wrote is dropped
   * @returns JSON text of the error, as ERROR has it
   */
  failedOver(error: ActionError, rollback: boolean): string {
    if (rollback) {
      this.writes = null;
      this.workflowWrites = null;
      this.transients = null;
      this.result = null;
      this.events = null;
      this.statements = null;
      this.triggersKept = null;
    }
    this.actionVariables = null;
    this.writes ??= new Map();
    const text = errorText(error, this.part.from.attempt);
    this.writes.set(errorVariable, text);
    this.isTimedOut = false;
    this.#controller = null;
    this.#abortReason = null;
    this.#context?.close();
    this.#context = null;
    return text;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortReason !== null) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  interrupt(reason: Error): void {
    this.isInterrupted = true;
    this.abort(reason);
  }

  withdraw(why: Withdrawn): void {
    if (why === 'leaving') this.#isLeaving = true;
    if (why === 'leaving' || why === 'signalled') {
      this.#endProgram(why);
      return;
    }
    const fault = withdrawnFaults[why]();
    this.isRolledBack = why === 'interrupted';
    if (why !== 'interrupted' || this.row < 0) this.endsWith = fault;
    this.abort(fault);
  }

  /** Ends what it executes if that is destroyed so; whatever else it comes to is for its break. */
  #endProgram(why: 'leaving' | 'signalled'): void {
    const { planAction } = this.node.place;
    if (why === 'signalled' ? !isEndedBySignal(planAction) : !isDestroyedBy(planAction.action, 'interrupt')) return;
    this.isRolledBack = true;
    this.endsWith = withdrawnFaults[why]();
    this.abort(this.endsWith);
  }

  abort(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
  }
}

/** What its signal is aborted with. */
const withdrawnFaults: Readonly<Record<Withdrawn, () => ActionFault>> = {
  withdrawn: () => new ActionFault('ContextWithdrawn', 'another flow context of its instance has withdrawn this one'),
  interrupted: () => new ActionFault('Interrupted', 'an operator has interrupted it: it is rolled back'),
  leaving: () => new ActionFault('Removed', 'an operator has removed it'),
  removed: () => new ActionFault('Removed', 'an operator has removed it'),
  signalled: () => new ActionFault('SignalRaised', 'a signal that it monitors is active'),
};
