// What is wrong with a for-each by itself: what it runs over, what it runs, how much of it is waited for and kept.

import type { Path, Report } from './fault.js';
import { checkVariableName } from './name-checks.js';

/** Most results that a group keeps. */
export const collectMax = 10_000;

type PlainAction = { readonly [key: string]: unknown };

export function checkForEach(action: PlainAction, path: Path, report: Report): void {
  checkRange(action, path, report);
  checkBody(action, path, report);
  checkCounts(action, path, report);
  for (const key of ['as', 'indexAs']) {
    const name = action[key];
    if (typeof name === 'string') checkVariableName(name, [...path, key], report);
  }
  if ((action.as ?? 'item') === (action.indexAs ?? 'index')) {
    const key = action.indexAs === undefined ? 'as' : 'indexAs';
    report('NAME_INVALID', [...path, key], 'an item and its index cannot be one variable; give another name');
  }
}

function checkRange({ items, from, to, step }: PlainAction, path: Path, report: Report): void {
  const range = [
    from === undefined ? [] : ['from'],
    to === undefined ? [] : ['to'],
    step === undefined ? [] : ['step'],
  ].flat();
  if (items !== undefined && range.length > 0) {
    const message = 'a forEach has items, or a range from, to and step, not both; leave one out';
    report('FOR_EACH_RANGE', [...path, range[0]!], message, 'key');
  } else if (items === undefined && range.length === 0) {
    report('FOR_EACH_RANGE', path, 'a forEach needs items (a list, or a text that names one), or from and to', 'key');
  } else if (items === undefined && (from === undefined || to === undefined)) {
    const missing = from === undefined ? 'from' : 'to';
    report('FOR_EACH_RANGE', [...path, missing], 'is missing: a range has from and to, both included');
  }
  if (step === 0 || (typeof step === 'string' && step.trim() !== '' && Number(step) === 0))
    report('FOR_EACH_STEP', [...path, 'step'], 'found 0, accepted is any other number: a range with it never ends');
}

function checkBody({ body, workflow }: PlainAction, path: Path, report: Report): void {
  if (body !== undefined && workflow !== undefined) {
    report(
      'FOR_EACH_BODY',
      [...path, 'workflow'],
      'a forEach has a body or a workflow, not both; leave one out',
      'key',
    );
  } else if (body === undefined && workflow === undefined) {
    report(
      'FOR_EACH_BODY',
      path,
      'a forEach needs a body, or the name of a workflow, that is run for each item',
      'key',
    );
  }
}

function checkCounts(action: PlainAction, path: Path, report: Report): void {
  const { complete, rest, collect, wait } = action;
  if (wait === false && complete !== undefined) {
    const message = 'with wait: false the flow goes on at once, and never for so many items; leave one of them out';
    report('FOR_EACH_COMPLETE', [...path, 'complete'], message, 'key');
  }
  const count = countOf(action);
  if (typeof complete === 'number' && count !== null && complete > count) {
    const message = `found ${complete}, accepted is at most ${count}: there are no more items`;
    report('FOR_EACH_COMPLETE', [...path, 'complete'], message);
  }
  if (rest !== undefined && complete === undefined) {
    const message = 'without complete all are waited for, and there is no rest; give complete, or leave this out';
    report('FOR_EACH_COMPLETE', [...path, 'rest'], message, 'key');
  }
  if (count !== null && count > collectMax && collect !== false) {
    const message = `the range has more than ${collectMax} numbers, whose results are too many to keep; give collect: false`;
    report(
      'FOR_EACH_COLLECT',
      collect === undefined ? path : [...path, 'collect'],
      message,
      collect === undefined ? 'key' : 'value',
    );
  }
}

/** How many items there are, if that is known: those of a list or of a range that are written out. */
function countOf({ items, from, to, step }: PlainAction): number | null {
  if (Array.isArray(items)) return items.length;
  if (items !== undefined || typeof from !== 'number' || typeof to !== 'number') return null;
  const by = step ?? (to < from ? -1 : 1);
  if (typeof by !== 'number' || by === 0) return null;
  return Math.max(0, Math.floor((to - from) / by) + 1);
}
