// Contexts of an instance that an operation removes, one after the other and in whatever order. Nothing of it goes on from
// then: what waits for one of them ends with it, joins and groups begin nothing any more.

import type { Happening } from './happening.js';
import { unqueue } from './joins.js';
import { closeIfEmpty, endContext, ownScope } from './scopes.js';
import type { Working } from './working.js';

/** The context goes, wherever it stands. */
export function remove(working: Working, { context, scope, workflow }: Happening): void {
  working.state.isRemoved = true;
  const opened = Object.values(working.state.open).filter(({ opener }) => opener === context);
  for (const each of opened) each.opener = null;
  working.release(context);
  const own = working.state.open[scope];
  if (own === undefined) {
    working.leave(context);
  } else if (unqueue(own, context)) {
    working.leave(context);
    closeIfEmpty(working, scope, null);
  } else if (own.result === context) {
    delete own.result;
    working.leave(context);
  } else if (own.group !== undefined && own.group.active[context] === undefined) {
    // It keeps a result, or a list.
    own.group.results = own.group.results.filter(([, kept]) => kept !== context);
    working.leave(context);
  } else {
    let within = scope;
    if (own.group !== undefined && opened.length > 0) {
      // The item has not ended before what it has opened has.
      within = ownScope(working, context, scope, workflow);
      for (const each of opened) each.parent = within;
    }
    endContext(working, context, within, false);
  }
}

/** Scopes in which only a join was waited for. */
export function closeLeft(working: Working): void {
  for (const scope of Object.keys(working.state.open)) closeIfEmpty(working, Number(scope), null);
}
