// Who is master: the earliest of the living. Pure.

import type { Cluster } from '../../store/members.js';

export type Role =
  /** This engine leads, under the epoch of the view. */
  | 'master'
  /** It is the earliest that lives, and does not lead yet. */
  | 'candidate'
  | 'follower';

/** What an engine is, by what it saw at its last beat. */
export function roleOf(sequence: number, { members, master }: Cluster): Role {
  const earliest = members.find(({ aliveForMs }) => aliveForMs > 0);
  if (earliest?.sequence !== sequence) return 'follower';
  return master === sequence ? 'master' : 'candidate';
}

/** Whether somebody's lease has run out, for the master to give up. */
export function hasSilent({ members }: Cluster): boolean {
  return members.some(({ aliveForMs }) => aliveForMs <= 0);
}
