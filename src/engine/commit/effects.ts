// What actions have a commit do beside moving their members on: statements it executes, messages it publishes.

import type { PlacedEffect } from '../../dispatch/action.js';
import type { Commit, StatementEffect } from '../../store/contract.js';
import type { Publication } from '../../store/messages.js';
import { instanceId } from '../../workflow/instance-id.js';
import type { CommitItem, Fate } from './commit-builder.js';

/** The commit with the effects of all members whose work it keeps. */
export function withEffects(commit: Commit, items: readonly CommitItem[], fates: readonly Fate[]): Commit {
  const statements: StatementEffect[] = [];
  const messages: Publication[] = [];
  for (const [at, { held, positions, statements: texts }] of items.entries()) {
    const fate = fates[at]!;
    if (texts === undefined || !fate.keepsWork) continue;
    for (const [member, text] of texts.entries()) {
      if (text === '') continue;
      const instance = instanceId(held.segment.root, held.segment.ordinals[positions[member]!]!);
      for (const effect of JSON.parse(text) as PlacedEffect[]) {
        if ('sql' in effect) statements.push({ instance, sql: effect.sql, parameters: effect.parameters });
        else messages.push(publicationOf(effect));
      }
    }
  }
  return {
    ...commit,
    ...(statements.length === 0 ? {} : { statements }),
    ...(messages.length === 0 ? {} : { messages }),
  };
}

function publicationOf({ publisher, style, priority, data, expiresAtMs }: Publication): Publication {
  return { publisher, style, priority, data, expiresAtMs };
}
