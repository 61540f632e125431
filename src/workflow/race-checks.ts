// What is wrong with a race: it is one of several triggers, each of which says what follows when it has nothing to fire for.

import { quote, type Report } from './fault.js';
import type { Graph } from './graph.js';
import { isNormal } from './signals.js';
import { canExpire, isTriggerType } from './triggers.js';

export function checkRaces({ level, names, actions, next }: Graph, report: Report): void {
  next.forEach((flows, place) => {
    if (actions[place]!.race !== true) return;
    const raced = flows.filter(({ flow }) => isNormal(level.flows[flow] as { readonly kind?: unknown }));
    const path = [...level.path, 'actions', place, 'race'];
    if (raced.length < 2) {
      report(
        'RACE_INVALID',
        path,
        `a race is one of several triggers: ${quote(names[place]!)} has ${raced.length} flows`,
      );
    }
    for (const { flow, to } of raced) {
      const at = [...level.path, 'flows', flow, 'to'];
      const action = actions[to]!;
      const name = quote(names[to]!);
      if (!isTriggerType(action.type)) report('RACE_INVALID', at, `only triggers race: ${name} is none`);
      else if (action.join !== undefined) report('RACE_INVALID', at, `${name} is a join, which cannot race`);
      else if (canExpire(action) && !next[to]!.some(({ kind }) => kind === 'expiration')) {
        report('RACE_INVALID', at, `${name} can expire; in a race it needs an expiration flow`);
      }
    }
  });
}
