// The name of an engine in a queue: behind it stands a mark, which nobody else sees, so that two of one name are two.

import { randomUUID } from 'node:crypto';
import type { Whereabouts } from '../../queue/whereabouts.js';

export function markedName(engine: string): string {
  return `${engine} ${randomUUID()}`;
}

/** Without the mark. */
export function nameOf(marked: string): string {
  return marked.split(' ', 1)[0]!;
}

/** Members by engine, those of one name together. */
export function byName(byMarked: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const members = new Map<string, number>();
  for (const [marked, count] of byMarked) members.set(nameOf(marked), (members.get(nameOf(marked)) ?? 0) + count);
  return members;
}

/** Whether the list had the name, which it then has once less. */
export function isTakenFrom(names: string[], name: string): boolean {
  const at = names.indexOf(name);
  if (at >= 0) names.splice(at, 1);
  return at >= 0;
}

/** The same without marks. */
export function unmarked(where: Whereabouts): Whereabouts {
  switch (where.kind) {
    case 'absent':
    case 'delayed':
      return where;
    case 'claimed':
      return { ...where, engine: nameOf(where.engine) };
    case 'ready':
      return {
        ...where,
        shortages: where.shortages.map(each =>
          each.kind === 'perEngine' ? { ...each, engines: each.engines.map(nameOf) } : each,
        ),
      };
  }
}
