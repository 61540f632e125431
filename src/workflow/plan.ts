// A plan: a definition compiled to what the engine and the worker threads walk. Places are indexes, not names.

import type { Action, WorkflowDefinition } from './model.js';

/** Index of an action in its plan. */
export type Place = number;

/** The place of a flow context that has no work left. */
export const END: Place = -1;

/** Resolved retry policy: every field filled. */
export interface PlanRetry {
  readonly retries: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly delayMaxMs: number;
}

/** Where a flow leads. Conditional, else, error and timeout flows will join this union. */
export type PlanFlow = { readonly kind: 'always'; readonly to: Place };

/** One action with everything about it resolved. */
export interface PlanAction {
  readonly place: Place;
  readonly name: string;
  readonly action: Action;
  /** The work before this action is committed when it is reached. */
  readonly isBreak: boolean;
  readonly timeoutMs: number | null;
  readonly retry: PlanRetry;
  readonly flows: readonly PlanFlow[];
  /** For `call`: absolute path of the module; `null` for the others. */
  readonly modulePath: string | null;
}

export interface Plan {
  /** Full name, `/branch/name`. */
  readonly name: string;
  /** Own priority, or `null` when inherited. */
  readonly priority: number | null;
  readonly starts: readonly Place[];
  readonly actions: readonly PlanAction[];
}

export const defaultRetry: PlanRetry = { retries: 5, delayMs: 1_000, factor: 2, delayMaxMs: 3_600_000 };

/**
 * Compile a verified definition.
 *
 * @param baseFolder absolute folder that module paths are relative to
 */
export function compilePlan(definition: WorkflowDefinition, baseFolder: string): Plan {
  const places = new Map(definition.actions.map((action, place) => [action.name, place]));
  const placeOf = (name: string): Place => {
    const place = places.get(name);
    if (place === undefined) throw new Error(`plan of ${definition.name}: no action "${name}"; verify it first`);
    return place;
  };
  const flowsFrom = definition.actions.map((): PlanFlow[] => []);
  for (const flow of definition.flows) flowsFrom[placeOf(flow.from)]!.push({ kind: 'always', to: placeOf(flow.to) });
  const marked = definition.actions.flatMap((action, place) => (action.start ? [place] : []));
  return {
    name: definition.name,
    priority: definition.priority ?? null,
    starts: marked.length > 0 ? marked : [0],
    actions: definition.actions.map((action, place) => ({
      place,
      name: action.name,
      action,
      isBreak: action.transactionBreak === true || action.type === 'null',
      timeoutMs: action.timeoutMs ?? null,
      retry: { ...defaultRetry, ...action.retry },
      flows: flowsFrom[place]!,
      modulePath: action.type === 'call' ? resolveModule(baseFolder, action.module ?? definition.module) : null,
    })),
  };
}

function resolveModule(baseFolder: string, path: string | undefined): string | null {
  if (path === undefined) return null;
  return path.startsWith('/') ? path : joinPath(baseFolder, path);
}

/** Joins and normalises POSIX paths without the `path` module, so that the room stays pure. */
function joinPath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}
