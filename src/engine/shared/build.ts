// A commit of items some of which concern instances with several contexts: what they share is read, decided on, and built
// in with the rest.

import { type BuiltCommit, buildCommit, type CommitItem, nextOf } from '../commit/commit-builder.js';
import { withSubmitted } from '../deadlines/deadline-rows.js';
import type { EngineParts } from '../parts.js';
import { decideShared } from './decide.js';
import { SharedRowsBuilder } from './decided-rows.js';
import type { SignalChange } from './gathered.js';
import { failedIfUnknown, namesIn } from './unknown-workflows.js';
import { sortedOut } from './withdrawn.js';

/**
 * COST one read of what the instances share; one more of contexts that go on or leave without having run, and one of their
 * bodies, when there are such.
 * @throws {SharedGone} when an instance is over by now
 */
export async function buildShared(
  items: readonly CommitItem[],
  atMs: number,
  parts: EngineParts,
  signals: readonly SignalChange[] = [],
): Promise<BuiltCommit> {
  const { store, definitions, holdings, ids, build } = parts;
  const handlers = items.flatMap(({ outcome }) =>
    outcome.kind === 'failed' && outcome.handler !== undefined ? [outcome.handler] : [],
  );
  await definitions.ensure(handlers);
  // The newest version counts, whoever has stored it.
  if (namesIn(items).length > 0) await definitions.load();
  const known = items.map(item => failedIfUnknown(item, name => definitions.newestNumber(name) !== null));
  const work = await decideShared(
    known.map(item => ({ item, next: nextOf(item, atMs) })),
    atMs,
    { store, definitions, holdings },
    item => nextOf(item, atMs),
    signals,
  );
  const rows = new SharedRowsBuilder(work, atMs, ids, workflow => definitions.byNumber(workflow)).build();
  const { staying, withdrawn } = sortedOut(work);
  const built = buildCommit(staying, atMs, build, {
    rows,
    withdrawn,
    held: segment => {
      const known = holdings.segment(segment.id);
      if (known?.segment.revision === segment.revision) return known;
      return { segment, open: segment.open, gone: segment.gone };
    },
  });
  if (rows.roots.length === 0) return built;
  return { ...built, commit: withSubmitted(built.commit, workflow => definitions.byNumber(workflow).plan, ids) };
}
