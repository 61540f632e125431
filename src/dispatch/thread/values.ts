// Properties of actions with their expressions put in, and data maps applied.

import type { PlanMap, TargetScope } from '../../workflow/data-map.js';
import type { Json } from '../../workflow/model.js';
import type { PlanAction, PlanFlow } from '../../workflow/plan.js';
import { ActionFault, type ActionMember, type PlacedAction, type PreparedValue, type ValueSource } from '../action.js';
import type { Scopes } from './scopes.js';

export type Template = NonNullable<PlanAction['templates']>[number];

/** What becomes of a template; `code` is stable. */
export type Substitute = (
  template: Template,
  source: ValueSource,
) =>
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** A member whose scopes can be read and written. */
export interface ScopedMember extends ActionMember {
  scopes(): Scopes;
  /** @throws {ActionFault} when the value is larger than variables may be */
  put(scope: TargetScope, name: string, value: Json): void;
}

type FromSource = (source: () => ValueSource) => Json;

/** Prepares properties of an action, whatever of them are texts with expressions. */
export function valuesOf({ templates }: PlanAction, substitute: Substitute): (property: Json) => PreparedValue {
  if (templates === undefined) return property => () => property;
  const byText = new Map(templates.map(template => [template.text, template]));
  return property => {
    const prepared = preparedWith(byText, substitute)(property);
    return member => {
      let known: ValueSource | null = null;
      return prepared(() => {
        known ??= member.source();
        return known;
      });
    };
  };
}

function preparedWith(byText: ReadonlyMap<string, Template>, substitute: Substitute): (value: Json) => FromSource {
  const prepare = (value: Json): FromSource => {
    if (typeof value === 'string') {
      const template = byText.get(value);
      return template === undefined ? () => value : source => given(substitute(template, source()));
    }
    if (Array.isArray(value)) {
      const items = value.map(prepare);
      return source => items.map(item => item(source));
    }
    if (typeof value === 'object' && value !== null) {
      const members = Object.entries(value).map(([key, member]) => [key, prepare(member)] as const);
      return source => Object.fromEntries(members.map(([key, member]) => [key, member(source)]));
    }
    return () => value;
  };
  return prepare;
}

/** An action whose data map is applied before it runs. */
export function mapped(action: PlacedAction, { maps }: PlanAction, substitute: Substitute): PlacedAction {
  if (maps === undefined) return action;
  return {
    ...action,
    run: member => {
      // Every member of a thread has scopes; actions need not know.
      applyMaps(maps, member as ScopedMember, substitute);
      return action.run(member);
    },
  };
}

/**
 * The data map of a flow that is taken.
 *
 * @throws {ActionFault} `MapOnSplit` when others are taken, too: what one branch alone is to see cannot be written here
 */
export function applyFlowMaps(taken: readonly PlanFlow[], member: ScopedMember, substitute: Substitute): void {
  const flow = taken.find(({ maps }) => maps !== undefined);
  if (flow === undefined) return;
  if (taken.length === 1) {
    applyMaps(flow.maps!, member, substitute);
    return;
  }
  const message = `${taken.length} flows are taken at once, and one of them has a data map; give it to the action that it leads to`;
  throw new ActionFault('MapOnSplit', message);
}

/** One after another: an entry sees what those before it have written. */
function applyMaps(maps: readonly PlanMap[], member: ScopedMember, substitute: Substitute): void {
  const scopes = member.scopes();
  const { runtime, atMs } = member.source();
  for (const { from, scope, source, to } of maps) {
    const found = substitute(source, { scopes: searched(scopes, scope), runtime, atMs });
    if (!found.ok) throw new ActionFault(found.code, `the data map from "${from}": ${found.message}`);
    member.put(to.scope, to.name, found.value);
    scopes[to.scope][to.name] = found.value;
  }
}

function searched({ action, flow, workflow, input }: Scopes, scope: PlanMap['scope']): ValueSource['scopes'] {
  switch (scope) {
    case 'action':
      return [action];
    case 'flow':
      return [flow, input];
    case 'workflow':
      return [workflow];
    case 'runtime':
      return [];
  }
}

function given(found: ReturnType<Substitute>): Json {
  if (found.ok) return found.value;
  throw new ActionFault(found.code, found.message);
}
