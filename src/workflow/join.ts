// The text of a join read: when it goes on, and what becomes of the rest.

import type { Join } from './model.js';
import type { JoinRest, PlanJoin } from './plan.js';

/** What a text may be, for messages. */
export const joinForms = '"all", "first", "2 of 3" (of the inbound flows), "all activated" or "3 tokens"';

/** The text of a join, and what it counts when that is of the form `2 of 3`. */
export function textOf(join: Join): { wait: string; counted: { need: number; of: number } | null } {
  const wait = typeof join === 'string' ? join : join.wait;
  const some = /^([1-9]\d{0,5})\s+of\s+([1-9]\d{0,5})$/.exec(wait.trim().toLowerCase());
  return { wait, counted: some === null ? null : { need: Number(some[1]), of: Number(some[2]) } };
}

/**
 * @param inbound how many flows lead to the action
 * @returns `null` when the text is none of the forms, or names another number of flows
 */
export function parseJoin(join: Join, inbound: number): PlanJoin | null {
  const { wait, counted } = textOf(join);
  const text = wait.trim().toLowerCase();
  const rest: JoinRest = (typeof join === 'string' ? undefined : join.rest) ?? 'keep';
  if (text === 'all') return { kind: 'count', need: inbound, rest };
  if (text === 'first') return { kind: 'count', need: 1, rest };
  if (/^all\s+activated$/.test(text)) return { kind: 'activated' };
  const tokens = /^([1-9]\d{0,5})\s+tokens?$/.exec(text);
  if (tokens !== null) return { kind: 'tokens', need: Number(tokens[1]) };
  if (counted === null || counted.of !== inbound || counted.need > inbound) return null;
  return { kind: 'count', need: counted.need, rest };
}
