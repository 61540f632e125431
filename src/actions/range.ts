// The number range of a for-each: counted here, both ends included. Item n is `from + n * step`.

import { ActionFault, type ActionMember, type PreparedValue, type ValueFor } from '../dispatch/action.js';
import type { ForEachAction, Json } from '../workflow/model.js';
import { found } from './found.js';
import { itemsMax } from './items.js';

/** Numbers of a range whose results are not kept. */
const numbersMax = 1_000_000;
export interface CountedRange {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** What gives a member's range. What it gives throws ActionFault `ItemsInvalid` or `TooManyItems`. */
export function rangeOf(action: ForEachAction, valueFor: ValueFor): (member: ActionMember) => CountedRange {
  const fromOf = bound('from', valueFor(action.from ?? null));
  const toOf = bound('to', valueFor(action.to ?? null));
  const stepOf = action.step === undefined ? null : bound('step', valueFor(action.step));
  const countMax = action.collect === false ? numbersMax : itemsMax;
  return member => {
    const from = fromOf(member);
    const to = toOf(member);
    const step = stepOf === null ? (to < from ? -1 : 1) : stepOf(member);
    const count = countOf(from, to, step);
    if (count <= countMax) return { from, step, count };
    const kept = action.collect === false ? '' : `, or ${numbersMax} without their results (collect: false)`;
    const message = `from ${from} to ${to} by ${step} are ${count} numbers; a range may have ${countMax}${kept}`;
    throw new ActionFault('TooManyItems', message);
  };
}

/** How many numbers a range has; none when `step` leads away from `to`. */
export function countOf(from: number, to: number, step: number): number {
  if (step === 0) throw new ActionFault('ItemsInvalid', 'the step of a range must not be 0');
  const steps = Number.isFinite(to - from) ? (to - from) / step : to / step - from / step;
  // What doubles have lost: from 0.1 to 0.3 by 0.1 are 1.9999999999999998 steps.
  const lost = (8 * Number.EPSILON * Math.max(Math.abs(from), Math.abs(to))) / Math.abs(step);
  const tolerance = Math.min(lost, 0.001);
  if (steps < -tolerance) return 0;
  // A step that is lost beside the ends gives the same number again and again.
  if (steps >= 1 && (from + step === from || to - step === to)) {
    throw new ActionFault('ItemsInvalid', `a step of ${step} is too small for numbers between ${from} and ${to}`);
  }
  const nearest = Math.round(steps);
  const whole = Math.abs(steps - nearest) <= tolerance ? nearest : Math.floor(steps);
  return whole + 1;
}

function bound(name: string, evaluate: PreparedValue): (member: ActionMember) => number {
  return member => {
    const value = evaluate(member);
    const number = numberIn(value);
    if (number === null) throw new ActionFault('ItemsInvalid', `"${name}" must be a number, not ${found(value)}`);
    return number;
  };
}

/** A number, or a text that is one as JSON writes it. */
function numberIn(value: Json): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || !/^\s*-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?\s*$/.test(value)) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
