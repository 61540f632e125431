// A plan: a definition compiled to what the engine and the worker threads walk. Places are indexes, not names.

import type { ConditionAst } from '../flow/condition/ast.js';
import { parseCondition } from '../flow/condition/parse.js';
import type { Template } from '../flow/substitution/ast.js';
import { type PlanCalendars, planCalendars } from './calendars.js';
import { type PlanMap, planMaps } from './data-map.js';
import { parseJoin } from './join.js';
import { forEachNamed, type Level, levelsOf, regionNamed, startsOf } from './levels.js';
import type { Action, Flow, Json, JsonObject, WorkflowDefinition } from './model.js';
import { type PlanRuns, planRuns } from './plan-runs.js';
import { isNormal, type PlanMonitor, type PlanSignals, planMonitors, planSignals } from './signals.js';
import { planTemplates } from './templates.js';
import { isTrigger } from './triggers.js';

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
  /** Fraction of a delay, 0 to 1, that may be taken off it at random. */
  readonly jitter: number;
  /** Errors after which it is tried again; `null`: all. */
  readonly codes: readonly string[] | null;
}

/** A flow that is taken, or not, when its action has finished. `flow`: its number in the plan. */
export type PlanFlow = {
  readonly flow: number;
  readonly to: Place;
  /** Its data map; absent: none. */
  readonly maps?: readonly PlanMap[];
} & (
  | { readonly kind: 'always' }
  | { readonly kind: 'conditional'; readonly condition: ConditionAst }
  | { readonly kind: 'else' }
);

/** A flow that is taken when its action fails. */
export interface PlanFailureFlow {
  /** Its number in the plan. */
  readonly flow: number;
  readonly to: Place;
  /** What the transaction wrote until then is dropped. */
  readonly rollback: boolean;
}

/** Which flows out of an action are taken when it has finished: `flow/route.ts`. */
export interface Route {
  /** The flows taken whatever the variables are, or `null` when they decide. */
  readonly fixed: readonly PlanFlow[] | null;
  /** Names of the variables that decide; no other is looked at. */
  readonly names: ReadonlySet<string>;
  /** Never throws. None: the flow context ends there; several: a split. */
  taken(variables: JsonObject): readonly PlanFlow[];
}

/** How an action ended. */
/** `expired`: a trigger that has nothing left to fire for. `signal`: normally, but a signal it monitors decides what follows. */
export type ActionExit = 'normal' | 'error' | 'timeout' | 'expired' | 'signal';

/** When a join goes on. */
export type PlanJoin =
  /** So many of its inbound flows have brought a context. */
  | { readonly kind: 'count'; readonly need: number; readonly rest: JoinRest }
  /** Nothing that lives can still arrive. */
  | { readonly kind: 'activated' }
  /** So many contexts have arrived, over whatever flows. */
  | { readonly kind: 'tokens'; readonly need: number };

/** What becomes of the contexts that arrive after the join has gone on, or have not arrived. */
export type JoinRest = 'keep' | 'cancel' | 'block';

/** What a transaction asks for when it ends, beyond going on at the place it reached. */
export type Demand =
  /** Several flows are taken at once, or one that leads into a join: their numbers, ascending. `reached` is the action
   * they lead out of. */
  | { readonly kind: 'flows'; readonly flows: readonly number[] }
  /** The action at `reached` acts on contexts (`forEach`, `workflow`, `end`, `cancel`, `group`): it has run, what it needs
   * is in RESULT (items, or the input of the workflow). `count`: how many items. `name`: which workflow. `range`: of numbers. */
  | {
      readonly kind: 'act';
      readonly count: number;
      readonly name: string | null;
      readonly range: { readonly from: number; readonly step: number } | null;
    };

/** One action with everything about it resolved. */
export interface PlanAction {
  readonly place: Place;
  readonly name: string;
  readonly action: Action;
  /** The work before this action is committed when it is reached. */
  readonly isBreak: boolean;
  /** It waits for something to happen. */
  readonly isTrigger: boolean;
  readonly timeoutMs: number | null;
  readonly retry: PlanRetry;
  /** In the order in which they are written. */
  readonly flows: readonly PlanFlow[];
  readonly errorFlow: PlanFailureFlow | null;
  readonly timeoutFlow: PlanFailureFlow | null;
  readonly expirationFlow: Pick<PlanFlow, 'flow' | 'to'> | null;
  /** Numbers of the flows that lead here, of whatever kind. */
  readonly inbound: readonly number[];
  readonly join: PlanJoin | null;
  readonly mutex: string | null;
  /** Of `forEach` with a body: where its copies begin. */
  readonly bodyStarts: readonly Place[];
  /** Of `cancel`: the places of its region. Of `group`: that of its `forEach`, alone. */
  readonly region: readonly Place[];
  /** Its texts that have expressions, read; absent: none. */
  readonly templates?: readonly Template[];
  /** Its data map; absent: none. */
  readonly maps?: readonly PlanMap[];
  /** Those of a trigger; absent: none. */
  readonly calendars?: PlanCalendars;
  /** For `call`: absolute path of the module; `null` for the others, and for one that its branch has to find. */
  readonly modulePath: string | null;
  /** On its way to a thread, of a `call` without a module: where its branch has modules. */
  readonly branchModules?: BranchModules;
  /** Signals it monitors, the first that is active counts; absent: none. */
  readonly monitors?: readonly PlanMonitor[];
  /** Of the triggers that its flows lead to the first to fire withdraws the others. */
  readonly isRace?: true;
  /** It is one of such triggers. */
  readonly isRaced?: true;
}

/** The LISTENER_CLASSPATH that holds for a workflow. */
export interface BranchModules {
  /** The branch that has it; that of the workflow, when none up to the root does. */
  readonly branch: string;
  /** Files and folders, absolute, in the order in which they are searched. */
  readonly paths: readonly string[];
}

export interface Plan extends PlanRuns {
  /** Full name, `/branch/name`. */
  readonly name: string;
  /** Own priority, or `null` when inherited. */
  readonly priority: number | null;
  /** Who it runs as, by its definition; on its way to a thread also by its branch. Absent: as its submitter. */
  readonly runAs?: string;
  /** Where an instance begins. With several starts: at a place of its own, behind the others, whose flows lead to them;
   * it has no action, and so has run. */
  readonly entry: { readonly place: Place; readonly hasRun: boolean };
  /** The actions of the workflow, then those of the bodies in it. */
  readonly actions: readonly PlanAction[];
  /** Target of each flow, by its number. */
  readonly targets: readonly Place[];
  /** On its way to a thread: the properties of the runtime configuration that its texts and maps name, as its branch sees
   * them now, by the names they give. */
  readonly runtime?: ReadonlyMap<string, Json>;
  /** It raises, clears or monitors signals; absent: nothing of the kind. */
  readonly usesSignals?: true;
  /** What flows raise and clear, by their numbers. */
  readonly signals?: ReadonlyMap<number, PlanSignals>;
}

export const defaultRetry: PlanRetry = {
  retries: 5,
  delayMs: 1_000,
  factor: 2,
  delayMaxMs: 3_600_000,
  jitter: 0,
  codes: null,
};

/**
 * Compile a verified definition.
 *
 * @param baseFolder absolute folder that module paths are relative to
 */
export function compilePlan(definition: WorkflowDefinition, baseFolder: string): Plan {
  const levels = levelsOf(definition.actions, definition.flows);
  const actions = levels.flatMap(level => compileLevel(level, definition, baseFolder));
  const targets = levels.flatMap(({ flows, places }) => flows.map(flow => placeOf((flow as Flow).to, places)));
  const starts = startsOf(levels[0]!);
  const runs = planRuns(definition.deadline, actions);
  const signals = planSignals(
    actions,
    levels.flatMap(({ flows }) => flows as Flow[]),
  );
  const { name, priority = null, runAs } = definition;
  const plan = { name, priority, ...(runAs === undefined ? {} : { runAs }), ...runs, ...signals };
  if (starts.length === 1) return { ...plan, entry: { place: starts[0]!, hasRun: false }, actions, targets };
  const entry = { place: actions.length, hasRun: true };
  const flows = starts.map((to, index): PlanFlow => ({ kind: 'always', flow: targets.length + index, to }));
  const begun = actions.map(action => {
    const start = flows.find(({ to }) => to === action.place);
    return start === undefined ? action : { ...action, inbound: [...action.inbound, start.flow] };
  });
  return { ...plan, entry, actions: [...begun, startAction(entry.place, flows)], targets: [...targets, ...starts] };
}

function compileLevel(level: Level, definition: WorkflowDefinition, baseFolder: string): PlanAction[] {
  const { places, placesBefore, flowsBefore } = level;
  // Of a verified definition.
  const actions = level.actions as readonly Action[];
  const flowsFrom = actions.map((): NumberedFlow[] => []);
  const inbound = actions.map((): number[] => []);
  const raced = new Set<Place>();
  for (const [index, written] of (level.flows as readonly Flow[]).entries()) {
    const numbered = { flow: flowsBefore + index, to: placeOf(written.to, places), written };
    flowsFrom[placeOf(written.from, places) - placesBefore]!.push(numbered);
    inbound[numbered.to - placesBefore]!.push(numbered.flow);
    if (isNormal(written) && actions[placeOf(written.from, places) - placesBefore]!.race) raced.add(numbered.to);
  }
  return actions.map((action, index) => {
    const body = level.bodies.get(index);
    const outbound = flowsFrom[index]!;
    return {
      place: placesBefore + index,
      name: level.prefix + action.name,
      action,
      isBreak:
        action.transactionBreak === true ||
        action.type === 'null' ||
        isTrigger(action) ||
        action.join !== undefined ||
        action.mutex !== undefined ||
        action.monitor !== undefined,
      isTrigger: isTrigger(action),
      timeoutMs: action.timeoutMs ?? null,
      retry: { ...defaultRetry, ...action.retry, ...(action.type === 'error' ? { retries: 0 } : {}) },
      flows: outbound.flatMap(planFlow),
      errorFlow: flowOnFailure(outbound, 'error'),
      timeoutFlow: flowOnFailure(outbound, 'timeout'),
      expirationFlow: flowOnFailure(outbound, 'expiration'),
      inbound: inbound[index]!,
      join: planJoin(action, inbound[index]!.length),
      mutex: action.mutex ?? null,
      bodyStarts: body === undefined ? [] : startsOf(body),
      region: regionOf(action, level),
      ...planTemplates(action),
      ...planMaps(action.map),
      ...planCalendars(action, definition),
      ...planMonitors(action, outbound),
      ...(action.race === true ? { isRace: true } : {}),
      ...(raced.has(placesBefore + index) ? { isRaced: true } : {}),
      modulePath: action.type === 'call' ? resolveModule(baseFolder, action.module ?? definition.module) : null,
    };
  });
}

/** Where the several starts of a workflow begin. It never runs. */
function startAction(place: Place, flows: readonly PlanFlow[]): PlanAction {
  const name = '(start)';
  return {
    place,
    name,
    action: { name, type: 'null' },
    isBreak: true,
    isTrigger: false,
    timeoutMs: null,
    retry: defaultRetry,
    flows,
    errorFlow: null,
    timeoutFlow: null,
    expirationFlow: null,
    inbound: [],
    join: null,
    mutex: null,
    bodyStarts: [],
    region: [],
    modulePath: null,
  };
}

interface NumberedFlow {
  readonly flow: number;
  readonly to: Place;
  readonly written: Flow;
}

function placeOf(name: string, places: ReadonlyMap<string, Place>): Place {
  const place = places.get(name);
  if (place === undefined) throw new Error(`no action "${name}"; verify the definition first`);
  return place;
}

/** The flow as the plan has it; none for those that are taken when the action fails. */
function planFlow({ flow, to, written: { condition, kind, map } }: NumberedFlow): PlanFlow[] {
  if (kind === 'error' || kind === 'timeout' || kind === 'expiration' || kind === 'signal') return [];
  const maps = planMaps(map);
  if (kind === 'else') return [{ kind, flow, to, ...maps }];
  if (condition === undefined) return [{ kind: 'always', flow, to, ...maps }];
  const parsed = parseCondition(condition);
  if (!parsed.ok) throw new Error(`the condition ${condition} ${parsed.fault.message}; verify it first`);
  return [{ kind: 'conditional', flow, to, condition: parsed.value, ...maps }];
}

function flowOnFailure(flows: readonly NumberedFlow[], kind: Flow['kind']): PlanFailureFlow | null {
  const found = flows.find(({ written }) => written.kind === kind);
  return found === undefined ? null : { flow: found.flow, to: found.to, rollback: found.written.rollback === true };
}

function planJoin({ name, join }: Action, inbound: number): PlanJoin | null {
  if (join === undefined) return null;
  const parsed = parseJoin(join, inbound);
  if (parsed === null) throw new Error(`the join of "${name}" cannot be read; verify the definition first`);
  return parsed;
}

function regionOf(action: Action, level: Level): Place[] {
  if (action.type === 'cancel') return [...new Set(action.actions.flatMap(name => regionNamed(name, level)))];
  if (action.type !== 'group') return [];
  const place = forEachNamed(action.group, level);
  if (place === null) throw new Error(`no forEach "${action.group}"; verify the definition first`);
  return [place];
}

/**
 * The flow taken when an action has failed, or `null` when the transaction fails with it. An action that says how it is
 * tried again takes its flow when that is used up; one that does not takes it at once.
 *
 * @param attempt failed attempts of the transaction before this one
 * @param code of the error
 */
export function failureFlow(
  { action, retry, errorFlow, timeoutFlow }: PlanAction,
  exit: 'error' | 'timeout',
  attempt: number,
  code: string,
): PlanFailureFlow | null {
  if (action.retry !== undefined && isRetried(retry, attempt, code)) return null;
  return (exit === 'timeout' ? timeoutFlow : null) ?? errorFlow;
}

/**
 * Whether a policy has the transaction tried again.
 *
 * @param attempt failed attempts before this one
 * @param code of the error; `null`: not known, which no list of codes excludes
 */
export function isRetried({ retries, codes }: PlanRetry, attempt: number, code: string | null): boolean {
  return attempt < retries && (codes === null || code === null || codes.includes(code));
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
