// Races: of several triggers the first to fire withdraws the others. Their contexts are siblings: they began with one split.
//
// A trigger that races ends its transaction when it fires, so that what follows runs for the winner alone. Two that fire at
// once are two commits, of which one is refused, or two happenings of one commit, of which the first wins. One that waits for
// an event has won when that is brought to it: what was consumed for it is never lost by a race. Who leaves by an error, a
// timeout, an expiration or a signal has not fired, and the others go on.

import { withdrawContext } from './scopes.js';
import type { SharedState } from './state.js';
import type { Working } from './working.js';

export function openRace(state: SharedState, contexts: readonly number[]): void {
  if (contexts.length > 1) state.races = [...(state.races ?? []), [...contexts]];
}

/** The context's trigger has fired, or is sure to: the others of its race go. */
export function winRace(working: Working, context: number): void {
  const race = working.state.races?.find(each => each.includes(context));
  if (race === undefined) return;
  closeRaces(working.state, each => each !== race);
  for (const sibling of race) {
    if (sibling === context) continue;
    const found = working.contexts().find(each => each.context === sibling);
    if (found !== undefined) withdrawContext(working, found);
  }
}

/** The context has left its trigger without firing: the others go on to race. */
export function leaveRace(state: SharedState, context: number): void {
  if (state.races === undefined) return;
  state.races = state.races.map(race => race.filter(each => each !== context));
  closeRaces(state, ({ length }) => length > 0);
}

/** What races no more because too few are left is none. */
export function endRaces(working: Working): void {
  if (working.state.races === undefined || working.world.stored === null) return;
  const alive = new Set(working.contexts().map(({ context }) => context));
  closeRaces(working.state, race => race.filter(context => alive.has(context)).length > 1);
}

function closeRaces(state: SharedState, staysOpen: (race: readonly number[]) => boolean): void {
  const left = (state.races ?? []).filter(staysOpen);
  if (left.length > 0) state.races = left;
  else delete state.races;
}
