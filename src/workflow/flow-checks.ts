// What is wrong with a flow by itself: parts that do not go together, and conditions that cannot be read.

import { parseCondition } from '../flow/condition/parse.js';
import { isPlainObject } from './conform.js';
import { type Path, quote, type Report } from './fault.js';
import { placeIn } from './text-place.js';
import { canExpire, isTriggerType } from './triggers.js';

/** @param from the action it leads out of, or `null` when there is none */
export function checkFlow(flow: { readonly [key: string]: unknown }, from: unknown, path: Path, report: Report): void {
  const { condition, kind, rollback } = flow;
  if (typeof condition === 'string') checkCondition(condition, [...path, 'condition'], report);
  if (condition !== undefined && kind !== undefined) {
    const message = 'a flow has a condition or a kind: one with a condition is taken when that holds';
    report('FLOW_INVALID', [...path, 'condition'], message, 'key');
  }
  if (rollback !== undefined && kind !== 'error' && kind !== 'timeout') {
    report('FLOW_INVALID', [...path, 'rollback'], 'only an error or timeout flow can roll back', 'key');
  }
  if (!isPlainObject(from)) return;
  const name = typeof from.name === 'string' ? quote(from.name) : 'its action';
  if (kind === 'timeout' && from.timeoutMs === undefined && from.timeout === undefined) {
    const missing = isTriggerType(from.type) ? 'timeout' : 'timeoutMs';
    report('FLOW_INVALID', [...path, 'kind'], `this flow is never taken: ${name} has no ${missing}`);
  }
  if (kind === 'expiration' && !canExpire(from)) {
    report('FLOW_INVALID', [...path, 'kind'], `this flow is never taken: ${name} is no trigger that can expire`);
  }
}

/** Of a flow, or a selector. */
export function checkCondition(text: string, path: Path, report: Report): void {
  const parsed = parseCondition(text);
  if (parsed.ok) return;
  const { code, message, line, column } = parsed.fault;
  report(code, path, message, placeIn(text, line ?? 1, column ?? 1));
}
