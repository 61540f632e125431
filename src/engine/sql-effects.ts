// What `sql` actions have a commit execute.

import type { SqlEffect } from '../dispatch/action.js';
import type { Commit, StatementEffect } from '../store/contract.js';
import { instanceId } from '../workflow/instance-id.js';
import type { CommitItem, Fate } from './commit-builder.js';

/** The commit with the statements of all members whose work it keeps. */
export function withStatements(commit: Commit, items: readonly CommitItem[], fates: readonly Fate[]): Commit {
  const statements: StatementEffect[] = [];
  for (const [at, { held, positions, statements: texts }] of items.entries()) {
    const fate = fates[at]!;
    if (texts === undefined || !fate.keepsWork) continue;
    for (const [member, text] of texts.entries()) {
      if (text === '') continue;
      const instance = instanceId(held.segment.root, held.segment.ordinals[positions[member]!]!);
      for (const { sql, parameters } of JSON.parse(text) as SqlEffect[]) statements.push({ instance, sql, parameters });
    }
  }
  return statements.length === 0 ? commit : { ...commit, statements };
}
