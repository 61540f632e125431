// What is wrong with runtime data maps: entries that cannot be read, and maps on flows where no thread could apply them.

import { isPlainObject } from './conform.js';
import { parseSource, parseTarget, sourceForms, targetForms } from './data-map.js';
import { type Path, quote, type Report } from './fault.js';

type Written = { readonly [key: string]: unknown };

/**
 * Reports what is wrong with the maps of actions and flows of one level.
 *
 * @param path of what has the `actions` and `flows`
 */
export function checkMaps(actions: readonly unknown[], flows: unknown, path: Path, report: Report): void {
  actions.forEach((action, place) => {
    if (isPlainObject(action)) checkEntries(action.map, [...path, 'actions', place, 'map'], true, report);
  });
  if (!Array.isArray(flows)) return;
  const written = flows.map((flow): Written => (isPlainObject(flow) ? flow : {}));
  if (!written.some(hasMap)) return;
  const joins = new Set(
    actions.flatMap(action => (isPlainObject(action) && action.join !== undefined ? [action.name] : [])),
  );
  const splitting = splittingActions(written);
  const monitoring = new Set(
    actions.flatMap(action => (isPlainObject(action) && action.monitor !== undefined ? [action.name] : [])),
  );
  written.forEach((flow, index) => {
    if (!hasMap(flow)) return;
    const at = [...path, 'flows', index, 'map'];
    checkEntries(flow.map, at, false, report);
    const reason = whyNotOn(flow, joins, splitting, monitoring);
    if (reason !== null) report('MAP_INVALID', at, `${reason}; give the map to the action that it leads to`, 'key');
  });
}

function hasMap({ map }: Written): boolean {
  return Array.isArray(map) && map.length > 0;
}

function checkEntries(map: unknown, path: Path, isOfAction: boolean, report: Report): void {
  if (!Array.isArray(map)) return;
  map.forEach((entry: unknown, index) => {
    if (!isPlainObject(entry)) return;
    const { from, to } = entry;
    const source = typeof from === 'string' ? parseSource(from) : undefined;
    if (source === null) {
      report('MAP_INVALID', [...path, index, 'from'], `found ${quote(from as string)}, accepted is ${sourceForms}`);
    }
    const target = typeof to === 'string' ? parseTarget(to) : undefined;
    if (target === null) {
      const message = `found ${quote(to as string)}, accepted is ${targetForms}, with a name that can be set`;
      report('MAP_INVALID', [...path, index, 'to'], message);
    }
    if (isOfAction) return;
    const message = 'a flow has no variables of an action: those of "action." are seen by the action that has the map';
    if (source?.scope === 'action') report('MAP_INVALID', [...path, index, 'from'], message);
    if (target?.scope === 'action') report('MAP_INVALID', [...path, index, 'to'], message);
  });
}

/** Actions out of which several flows are taken whatever the variables are, or may be beside one that always is. */
function splittingActions(flows: readonly Written[]): ReadonlySet<unknown> {
  const taken = flows.filter(({ kind }) => kind === undefined);
  const always = new Set(taken.filter(({ condition }) => condition === undefined).map(({ from }) => from));
  const counts = new Map<unknown, number>();
  for (const { from } of taken) counts.set(from, (counts.get(from) ?? 0) + 1);
  return new Set([...always].filter(from => counts.get(from)! > 1));
}

function whyNotOn(
  flow: Written,
  joins: ReadonlySet<unknown>,
  splitting: ReadonlySet<unknown>,
  monitoring: ReadonlySet<unknown>,
): string | null {
  const { kind } = flow;
  if (kind === 'error' || kind === 'timeout' || kind === 'expiration' || kind === 'signal')
    return `a flow of kind ${flow.kind} cannot have a data map`;
  if (monitoring.has(flow.from)) return 'a flow out of an action that monitors signals cannot have a data map';
  if (joins.has(flow.to)) return 'a flow into a join cannot have a data map';
  if (flow.kind === undefined && splitting.has(flow.from)) {
    return 'a flow that is taken together with others cannot have a data map';
  }
  return null;
}
