// Which message goes to whom. Pure: messages come in their order, those that wait in theirs.

import { type CompiledCondition, compileCondition, parseCondition } from '../../flow/condition/index.js';
import type { Message } from '../../store/messages.js';
import { isPlainObject } from '../../workflow/conform.js';
import type { Json, JsonObject } from '../../workflow/model.js';
import type { PlanAction } from '../../workflow/plan.js';

/** A message, and what its selectors read. */
export interface ReadMessage {
  readonly message: Message;
  readonly data: Json;
  readonly properties: JsonObject;
}

export function readMessage(message: Message): ReadMessage {
  const data = JSON.parse(message.data) as Json;
  return { message, data, properties: isPlainObject(data) ? (data as JsonObject) : {} };
}

/** What becomes the result of the trigger that takes it. */
export function resultOf({ message: { priority, publishedAtMs, publisher }, data }: ReadMessage): Json {
  return { data, priority, publishedAt: new Date(publishedAtMs).toISOString(), publisher };
}

const compiled = new WeakMap<PlanAction, CompiledCondition | null>();

/** The selector of a message trigger, compiled once a plan; `null`: it has none. */
export function selectorOf(planAction: PlanAction): CompiledCondition | null {
  const known = compiled.get(planAction);
  if (known !== undefined) return known;
  const { action } = planAction;
  const text = action.type === 'message' ? action.selector : undefined;
  const parsed = text === undefined ? null : parseCondition(text);
  const made = parsed?.ok === true ? compileCondition(parsed.value) : null;
  compiled.set(planAction, made);
  return made;
}

/** Those who wait at one trigger of a plan, with one selector, in order. */
interface Line<Waiter> {
  readonly selector: CompiledCondition | null;
  readonly waiters: { readonly waiter: Waiter; readonly turn: number }[];
  next: number;
}

/** Those who wait for the messages of a queue: each message goes to the first whose selector takes it. */
export class QueueMatch<Waiter> {
  readonly #lines = new Map<PlanAction, Line<Waiter>>();
  #waiting = 0;

  add(planAction: PlanAction, waiter: Waiter): void {
    let line = this.#lines.get(planAction);
    if (line === undefined) {
      line = { selector: selectorOf(planAction), waiters: [], next: 0 };
      this.#lines.set(planAction, line);
    }
    line.waiters.push({ waiter, turn: this.#waiting++ });
  }

  /** Triggers at which somebody still waits. */
  get unserved(): PlanAction[] {
    return [...this.#lines].flatMap(([action, { waiters, next }]) => (next < waiters.length ? [action] : []));
  }

  /** Who takes the message; `null`: nobody does. COST an evaluation for each trigger at which somebody waits. */
  take({ properties }: ReadMessage): Waiter | null {
    let first: Line<Waiter> | null = null;
    for (const line of this.#lines.values()) {
      const head = line.waiters[line.next];
      if (head === undefined || (first !== null && first.waiters[first.next]!.turn < head.turn)) continue;
      if (line.selector === null || line.selector(properties) === true) first = line;
    }
    return first === null ? null : first.waiters[first.next++]!.waiter;
  }
}
