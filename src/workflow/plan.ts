// A plan: a definition compiled to what the engine and the worker threads walk. Places are indexes, not names.

import type { ConditionAst } from '../flow/condition/ast.js';
import { parseCondition } from '../flow/condition/parse.js';
import type { Action, Flow, JsonObject, WorkflowDefinition } from './model.js';

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

/** A flow that is taken, or not, when its action has finished. */
export type PlanFlow =
  | { readonly kind: 'always'; readonly to: Place }
  | { readonly kind: 'conditional'; readonly to: Place; readonly condition: ConditionAst }
  | { readonly kind: 'else'; readonly to: Place };

/** A flow that is taken when its action fails. */
export interface PlanFailureFlow {
  readonly to: Place;
  /** What the transaction wrote until then is dropped. */
  readonly rollback: boolean;
}

/** Which flows out of an action are taken when it has finished: `flow/route.ts`. */
export interface Route {
  /** Where it leads whatever the variables are, or `null` when they decide. */
  readonly fixed: Place | null;
  /** Never throws. None: the flow context ends there; several: a split. */
  taken(variables: JsonObject): readonly PlanFlow[];
}

/** How an action ended. */
export type ActionExit = 'normal' | 'error' | 'timeout';

/** One action with everything about it resolved. */
export interface PlanAction {
  readonly place: Place;
  readonly name: string;
  readonly action: Action;
  /** The work before this action is committed when it is reached. */
  readonly isBreak: boolean;
  readonly timeoutMs: number | null;
  readonly retry: PlanRetry;
  /** In the order in which they are written. */
  readonly flows: readonly PlanFlow[];
  readonly errorFlow: PlanFailureFlow | null;
  readonly timeoutFlow: PlanFailureFlow | null;
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
  const flowsFrom = definition.actions.map((): Flow[] => []);
  for (const flow of definition.flows) flowsFrom[placeOf(flow.from)]!.push(flow);
  const failureFlow = (place: Place, kind: Flow['kind']): PlanFailureFlow | null => {
    const flow = flowsFrom[place]!.find(each => each.kind === kind);
    return flow === undefined ? null : { to: placeOf(flow.to), rollback: flow.rollback === true };
  };
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
      flows: flowsFrom[place]!.flatMap(flow => planFlow(flow, placeOf(flow.to))),
      errorFlow: failureFlow(place, 'error'),
      timeoutFlow: failureFlow(place, 'timeout'),
      modulePath: action.type === 'call' ? resolveModule(baseFolder, action.module ?? definition.module) : null,
    })),
  };
}

/** The flow as the plan has it; none for those that are taken when the action fails. */
function planFlow({ condition, kind }: Flow, to: Place): PlanFlow[] {
  if (kind === 'error' || kind === 'timeout') return [];
  if (kind === 'else') return [{ kind, to }];
  if (condition === undefined) return [{ kind: 'always', to }];
  const parsed = parseCondition(condition);
  if (!parsed.ok) throw new Error(`the condition ${condition} ${parsed.fault.message}; verify it first`);
  return [{ kind: 'conditional', to, condition: parsed.value }];
}

/**
 * The flow taken when an action has failed, or `null` when the transaction fails with it. An action that says how it is
 * tried again takes its flow when that is used up; one that does not takes it at once.
 *
 * @param attempt failed attempts of the transaction before this one
 */
export function failureFlow(
  { action, retry, errorFlow, timeoutFlow }: PlanAction,
  exit: Exclude<ActionExit, 'normal'>,
  attempt: number,
): PlanFailureFlow | null {
  if (action.retry !== undefined && attempt < retry.retries) return null;
  return (exit === 'timeout' ? timeoutFlow : null) ?? errorFlow;
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
