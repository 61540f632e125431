// A relative expression in words, step by step in the order in which they are taken.

import { monthWord, placeOf } from '../words.js';
import type { Condition, RelativeExpression, RelativeStep } from './ast.js';
import { dayKindWord } from './units.js';

/** Such as `one month later; at the start of the month; on to the 4th Monday, counting the day it is on`. */
export function explainRelative({ steps }: RelativeExpression): string {
  return wordsOf(steps);
}

function wordsOf(steps: readonly RelativeStep[]): string {
  return steps.map(wordsOfStep).join('; ');
}

function wordsOfStep(step: RelativeStep): string {
  switch (step.kind) {
    case 'move':
      return moved(step.count, step.unit);
    case 'to-day':
      return found(step, dayKindWord(step.days), 'day');
    case 'to-month':
      return found(step, monthWord(step.month), 'month');
    case 'start':
      return `at the start of the ${step.unit}`;
    case 'set':
      return `with ${step.field} ${step.value}`;
    case 'set-month':
      return `in ${monthWord(step.month)} of that year`;
    case 'set-day':
      return `on the ${placeOf(step.n)} ${dayKindWord(step.days)} of that month`;
    case 'if': {
      const whenSo = step.whenSo.length === 0 ? 'nothing is done' : wordsOf(step.whenSo);
      const otherwise = step.otherwise.length === 0 ? '' : `, otherwise (${wordsOf(step.otherwise)})`;
      return `if it is ${wordsOfCondition(step.condition)} (${whenSo})${otherwise}`;
    }
  }
}

function moved(count: number, unit: string): string {
  const size = Math.abs(count);
  const amount = `${size === 1 ? 'one' : size} ${unit}${size === 1 ? '' : 's'}`;
  return count < 0 ? `${amount} earlier` : `${amount} later`;
}

/** Where it is counts with `>` and `<`, and does not with `+` and `-`. */
function found(step: { count: number; includingNow: boolean }, name: string, unit: 'day' | 'month'): string {
  const way = step.count < 0 ? 'back' : 'on';
  const place = placeOf(Math.abs(step.count));
  const counting = step.includingNow
    ? `, counting the ${unit} it is ${unit === 'day' ? 'on' : 'in'}`
    : ` ${step.count < 0 ? 'before' : 'after'} that ${unit}`;
  return `${way} to the ${place} ${name}${counting}`;
}

function wordsOfCondition(condition: Condition): string {
  if (condition.kind === 'month') return `in ${monthWord(condition.month)}`;
  return condition.days === 'day' ? 'any day' : `a ${dayKindWord(condition.days)}`;
}
