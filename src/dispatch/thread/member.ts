// A member that executes: where its transaction stands, what it wrote, and the context its functions are given.
//
// RESULT and what `set` wrote are kept as JSON text, and each action of a transaction gets variables parsed anew. So
// an action sees the same whether a transaction break stands before it or not, and nobody shares objects.

import type { CallContext } from '../../workflow/context.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { JsonObject } from '../../workflow/model.js';
import { ActionFault, type ActionMember } from '../action.js';
import { errorText, errorVariable } from '../error-variable.js';
import type { ActionError, LogLine, MemberEvent } from '../protocol.js';
import { storableText } from './error-as-data.js';
import { jsonText } from './json-text.js';
import type { ThreadPart } from './thread-batch.js';
import type { PathNode } from './thread-plan.js';

const auditNameLengthMax = 200;
const auditMessageLengthMax = 4_096;
const auditEventsMax = 1_000;
const variableNameLengthMax = 200;
/** Keys that reach a prototype, and those that are not theirs to write. */
const refusedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', 'RESULT', errorVariable]);

/** What a member's context needs of the thread it runs in. */
export interface MemberServices {
  readonly resultBytesMax: number;
  nowMs(): number;
  log(line: LogLine): void;
  /** An event of a member whose transaction has ended. */
  late(member: Member, event: MemberEvent): void;
}

export class Member implements ActionMember {
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
  /** RESULT as this transaction left it. */
  result: string | null = null;
  writes: Map<string, string> | null = null;
  events: MemberEvent[] | null = null;
  isTimedOut = false;
  /** The engine stops and has aborted its signal: a failure from now on is not its own. */
  isInterrupted = false;
  /** Stops the timer of its timeout, or of its grace. */
  cancelTimer: (() => void) | null = null;
  /** Number of the flush its outcome goes with. */
  flush = -1;
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
    const variables = parseObject(batch.input(this.slot));
    const written = batch.written(this.slot);
    if (written !== '') layOver(variables, parseObject(written));
    if (this.writes !== null) for (const [name, text] of this.writes) variables[name] = JSON.parse(text);
    if (this.result !== null) variables.RESULT = JSON.parse(this.result);
    return variables;
  }

  /** JSON text of everything written so far in the instance's life, or `null` when this transaction wrote nothing. */
  everythingWritten(): string | null {
    if (this.result === null && this.writes === null) return null;
    const earlier = this.part.batch.written(this.slot);
    let text = '';
    if (earlier !== '') {
      for (const [name, value] of Object.entries(parseObject(earlier))) {
        if (this.writes?.has(name) || (name === 'RESULT' && this.result !== null)) continue;
        text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`;
      }
    }
    if (this.writes !== null) {
      for (const [name, value] of this.writes) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${value}`;
    }
    if (this.result !== null) text += `${text === '' ? '' : ','}"RESULT":${this.result}`;
    return `{${text}}`;
  }

  /** JSON text of RESULT as the instance leaves with it, or `null` when no action ever gave one. */
  finalResult(): string | null {
    if (this.result !== null) return this.result;
    const earlier = this.part.batch.written(this.slot);
    if (earlier === '') return null;
    const written = parseObject(earlier);
    return Object.hasOwn(written, 'RESULT') ? JSON.stringify(written.RESULT) : null;
  }

  write(name: string, value: unknown): void {
    if (!this.isExecuting) throw hasEnded(name, this.action);
    if (typeof name !== 'string' || name === '' || name.length > variableNameLengthMax || refusedNames.has(name)) {
      throw new TypeError(`"${String(name).slice(0, variableNameLengthMax)}" cannot be the name of a variable`);
    }
    // A name goes into JSON too.
    jsonText(name, 'the name of a variable', variableNameLengthMax * 6);
    const text = jsonText(value, `variable "${name}"`, Member.services.resultBytesMax);
    this.writes ??= new Map();
    this.writes.set(name, text);
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
   */
  failedOver(error: ActionError, rollback: boolean): void {
    if (rollback) {
      this.writes = null;
      this.result = null;
      this.events = null;
    }
    this.writes ??= new Map();
    this.writes.set(errorVariable, errorText(error, this.part.from.attempt));
    this.isTimedOut = false;
    this.#controller = null;
    this.#abortReason = null;
    this.#context?.close();
    this.#context = null;
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

  abort(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(reason);
  }
}

/** What user code sees. Everything is made when asked for; most calls ask for nothing. */
class MemberContext implements CallContext {
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
    const member = this.#member;
    return (name, value) => {
      if (this.#closedAction !== null) throw hasEnded(name, this.#closedAction);
      member.write(name, value);
    };
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

function hasEnded(name: string, action: string): Error {
  return new Error(`"${name}" cannot be set: action "${action}" has ended`);
}

/** `JSON.parse` makes `__proto__` an ordinary property of the object's own. */
function parseObject(text: string): JsonObject {
  return text === '' ? {} : (JSON.parse(text) as JsonObject);
}

function layOver(target: JsonObject, over: JsonObject): void {
  for (const name of Object.keys(over)) {
    // Assigning this one would set the prototype; defining it does not.
    if (name === '__proto__') Object.defineProperty(target, name, { value: over[name], enumerable: true });
    else target[name] = over[name]!;
  }
}
