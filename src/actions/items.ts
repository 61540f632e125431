// The items of a group: a list as written, or a text that is one expression and gives a list.

import { ActionFault, type ActionMember, type ValueFor } from '../dispatch/action.js';
import type { Json } from '../workflow/model.js';
import { found } from './found.js';

/** Items of one list; numbers of a range whose results are kept. */
export const itemsMax = 10_000;

/**
 * What gives a member's items. What it gives throws ActionFault `ItemsInvalid` when they are no list, `TooManyItems` above
 * 10,000.
 */
export function itemsOf(written: unknown, valueFor: ValueFor): (member: ActionMember) => readonly Json[] {
  const evaluate = valueFor((written ?? null) as Json);
  const source = typeof written === 'string' ? `"${written.slice(0, 100)}" gives` : 'there is';
  return member => {
    const items = evaluate(member);
    if (!Array.isArray(items)) {
      throw new ActionFault('ItemsInvalid', `items must be a list, but ${source} ${found(items)}`);
    }
    if (items.length > itemsMax) {
      throw new ActionFault('TooManyItems', `there are ${items.length} items; a list may have ${itemsMax}`);
    }
    return items;
  };
}
