// An instance with several contexts in memory: contexts run, what they came to is brought to `step` as the engine brings
// it, and everything that must hold of the state is checked after each step.

import { contextsOf } from '../../../src/engine/shared/decide.js';
import type { Happening, Step, StoredContext, What } from '../../../src/flow/shared/happening.js';
import { joinsOrWithdraws, watchesMoves } from '../../../src/flow/shared/needs.js';
import { activeOf, clearSignal, raiseSignal } from '../../../src/flow/shared/signals.js';
import { initialState, type SharedState } from '../../../src/flow/shared/state.js';
import { step } from '../../../src/flow/shared/step.js';
import type { Plan, PlanAction } from '../../../src/workflow/plan.js';
import { endsWithItself, isShared } from '../../../src/workflow/signals.js';

/** What a context decides by itself; numbers of items are the definition's else. */
export interface Choices {
  /** Which of the flows out of an action are taken. */
  flows: (action: PlanAction, context: number) => readonly number[];
  /** How many items a for-each or an extension has. */
  count: (action: PlanAction) => number;
}

export const takesAll: Choices = {
  flows: ({ flows }) => flows.map(({ flow }) => flow),
  count: ({ action }) => (action.type === 'forEach' && Array.isArray(action.items) ? action.items.length : 0),
};

/** More actions than any transaction of these tests has. */
const longest = 1_000;

export class TinyWorld {
  state: SharedState | null = null;
  readonly contexts = new Map<number, StoredContext>();
  end: Step['end'] = null;
  readonly submits: Step['submits'][number][] = [];
  /** How often each action has run, by workflow and name: rolled-back runs are not counted. */
  readonly ran = new Map<string, number>();
  last: Step = { standing: [], leaving: [], dropped: [], submits: [], signalled: [], end: null };
  /** Bytes of the state as it would be kept. */
  bytesMax = 0;

  constructor(
    readonly plans: ReadonlyMap<number, Plan>,
    readonly choices: Choices = { ...takesAll },
  ) {
    const { entry } = this.plan(1);
    const stands = { scope: 0, workflow: 1, place: entry.place, hasRun: entry.hasRun } as const;
    this.contexts.set(0, { context: 0, ...stands, state: 'ready' });
  }

  plan(workflow: number): Plan {
    const plan = this.plans.get(workflow);
    if (plan === undefined) throw new Error(`no workflow ${workflow}`);
    return plan;
  }

  ready(): StoredContext[] {
    return [...this.contexts.values()].filter(({ state }) => state === 'ready');
  }

  /** The contexts that stand at an action of the first workflow. */
  at(name: string, states: readonly string[] = ['ready']): number[] {
    const { place } = this.plan(1).actions.find(action => action.name === name)!;
    return [...this.contexts.values()]
      .filter(each => each.workflow === 1 && each.place === place && states.includes(each.state))
      .map(({ context }) => context);
  }

  /** Names of the actions at which contexts stand, with their states, sorted. */
  stands(): string[] {
    return [...this.contexts.values()]
      .map(({ workflow, place, state, hasRun }) => {
        const behind = hasRun ? '+' : '';
        return `${state} ${this.plan(workflow).actions[place]!.name}${behind}`;
      })
      .sort();
  }

  times(name: string): number {
    return this.ran.get(`1 ${name}`) ?? 0;
  }

  /** A transaction of each of these contexts, and one commit of all that came of it. */
  run(...contexts: readonly number[]): Step {
    return this.commit(contexts.map(context => this.happening(context, this.transaction(context))));
  }

  /** Until nothing is ready, the next one as `pick` says. */
  runAll(pick: (ready: readonly StoredContext[]) => readonly StoredContext[] = ready => ready.slice(0, 1)): void {
    for (let turns = 0; this.end === null; turns++) {
      const ready = this.ready();
      if (ready.length === 0) return;
      if (turns > 100_000) throw new Error('no end');
      this.run(...pick(ready).map(({ context }) => context));
    }
  }

  /** What one transaction of the context comes to. */
  transaction(context: number): What {
    const { workflow, place, hasRun } = this.contexts.get(context)!;
    const { actions, targets } = this.plan(workflow);
    let at = actions[place]!;
    for (let turns = 0, skips = hasRun; turns < longest; turns++, skips = false) {
      if (!skips) {
        const key = `${workflow} ${at.name}`;
        this.ran.set(key, (this.ran.get(key) ?? 0) + 1);
        const acted = this.acted(at);
        if (acted !== null) return acted;
      }
      const flows = [...this.choices.flows(at, context)].sort((a, b) => a - b);
      const isTold = this.plan(workflow).usesSignals === true || endsWithItself(at);
      if (flows.length === 0) return isTold ? { kind: 'flows', from: at.place, flows } : { kind: 'ended' };
      const next = actions[targets[flows[0]!]!]!;
      if (flows.length > 1 || isShared(this.plan(workflow), at.place, { flow: flows[0]!, to: next.place }))
        return { kind: 'flows', from: at.place, flows };
      if (next.isBreak) return { kind: 'moved', to: next.place };
      at = next;
    }
    throw new Error('a loop without a break');
  }

  acted(at: PlanAction): What | null {
    const { action, place } = at;
    const what = { kind: 'acted', at: place, count: 0, range: null, workflow: null } as const;
    switch (action.type) {
      case 'forEach': {
        const workflow = action.workflow === undefined ? null : this.numberOf(action.workflow);
        const range = action.items === undefined ? { from: Number(action.from), step: 1 } : null;
        return { ...what, count: this.choices.count(at), range, workflow };
      }
      case 'workflow':
        return { ...what, workflow: this.numberOf(action.workflow) };
      case 'group':
        return { ...what, count: action.do === 'extend' ? this.choices.count(at) : 0 };
      case 'end':
      case 'cancel':
        return what;
      case 'error':
        return { kind: 'gaveUp' };
      case 'call':
      case 'console':
      case 'delay':
      case 'manual':
      case 'null':
      case 'script':
      case 'sql':
      case 'process':
      case 'fileExist':
      case 'timer':
      case 'publish':
      case 'message':
      case 'auditTrail':
        return null;
    }
  }

  numberOf(name: string): number {
    return [...this.plans].find(([, plan]) => plan.name === name)![0];
  }

  happening(context: number, what: What): Happening {
    const { scope, workflow, place, hasRun } = this.contexts.get(context)!;
    return { context, scope, workflow, place, hasRun, what };
  }

  /** As the engine does it: a plain move tells nobody but where moves are watched. */
  commit(all: readonly Happening[]): Step {
    const happenings = all.filter(({ context, scope, workflow, what }) => {
      const { usesSignals } = this.plan(workflow);
      if (what.kind !== 'moved' || ((context > 0 || usesSignals) && watchesMoves(this.plan(workflow)))) return true;
      this.contexts.set(context, { context, scope, workflow, place: what.to, hasRun: false, state: 'ready' });
      return false;
    });
    const [first] = happenings;
    if (first === undefined) return this.last;
    if (first.context === 0 && first.what.kind === 'ended') {
      this.contexts.clear();
      this.end = { state: 'finished', result: 1 };
      return this.last;
    }
    return this.#step(structuredClone(this.state ?? initialState(1)), happenings);
  }

  /** An operator raises or clears a signal. */
  signal(name: string, isRaised: boolean): Step {
    const state = structuredClone(this.state!);
    if (isRaised) raiseSignal(state, name);
    else clearSignal(state, name);
    return this.#step(state, []);
  }

  #step(state: SharedState, happenings: readonly Happening[]): Step {
    const plan = (workflow: number) => this.plan(workflow);
    const stored = joinsOrWithdraws(state, happenings, { plan }) ? this.#stored() : null;
    this.last = step(state, happenings, { plan, stored });
    this.state = JSON.parse(JSON.stringify(state)) as SharedState;
    this.bytesMax = Math.max(this.bytesMax, JSON.stringify(state).length);
    this.take(happenings);
    this.check();
    return this.last;
  }

  /** Those at triggers sleep, and those that are paused. */
  #stored(): StoredContext[] {
    return [...this.contexts.values()].map(each => ({
      ...each,
      isAsleep: each.state === 'paused' || this.plan(each.workflow).actions[each.place]!.isTrigger,
    }));
  }

  take(happenings: readonly Happening[]): void {
    const { standing, leaving, submits, end } = this.last;
    const known = new Set(this.contexts.keys());
    for (const { context } of happenings) this.contexts.delete(context);
    for (const context of leaving) this.contexts.delete(context);
    const both = standing.filter(({ context }) => leaving.includes(context));
    if (both.length > 0) throw new Error(`stand and leave: ${JSON.stringify(both)}`);
    for (const { context, scope, workflow, place, hasRun, state, from } of standing) {
      if (!known.has(from) && !(from === 1 && known.has(0))) throw new Error(`${context} comes from ${from}`);
      this.contexts.set(context, { context, scope, workflow, place, hasRun, state });
    }
    for (const { context, source, workflow, place, state } of standing) {
      const unknown = contextsOf(source).filter(each => !known.has(each) && !(each === 1 && known.has(0)));
      if (unknown.length > 0) throw new Error(`${context} has what ${unknown} never wrote`);
      if (source.kind !== 'joined' || state === 'joining') continue;
      const { join } = this.plan(workflow).actions[place]!;
      const need = join === null || join.kind === 'activated' ? 1 : join.need;
      if (source.arrivals.length < need) throw new Error(`the join at ${place} goes on with ${source.arrivals.length}`);
    }
    this.submits.push(...submits);
    this.end = end;
  }

  /** What must hold after each step. */
  check(): void {
    const say = (what: string): never => {
      throw new Error(`${what}\n${JSON.stringify([...this.contexts.values()])}\n${JSON.stringify(this.state)}`);
    };
    const { open, mutexes } = this.state!;
    if (this.end !== null) {
      if (this.contexts.size > 0) say('over, and contexts are left');
      return;
    }
    const living = new Map<number, number>(Object.keys(open).map(scope => [Number(scope), 0]));
    for (const { context, scope, state } of this.contexts.values()) {
      if (!living.has(scope)) say(`context ${context} is in scope ${scope}, which is closed`);
      if (context > this.state!.contexts) say(`context ${context} was never numbered`);
      if (state !== 'joining') living.set(scope, living.get(scope)! + 1);
    }
    for (const [key, scope] of Object.entries(open)) {
      const number = Number(key);
      if (scope.living !== living.get(number)) say(`scope ${key}: ${living.get(number)} live`);
      if (scope.parent !== null && open[scope.parent] === undefined) say(`scope ${key} has no parent`);
      if (scope.opener !== null) {
        const opener = this.contexts.get(scope.opener);
        if (opener?.state !== 'waiting') say(`scope ${key}: its opener stands ${opener?.state}`);
        if (opener?.scope !== scope.parent) say(`scope ${key}: its opener is in ${opener?.scope}`);
      }
      const inside = Object.values(open).some(({ parent }) => parent === number);
      if (scope.living === 0 && !inside && scope.group === undefined) say(`scope ${key} is empty and open`);
      if (scope.result !== undefined && !this.contexts.has(scope.result)) say(`scope ${key}: its result is gone`);
      const queued = new Set<number>();
      for (const [place, { queues, passed }] of Object.entries(scope.joins)) {
        for (const [flow, queue] of Object.entries(queues)) {
          if (queue.length === 0) say(`an empty queue at ${place}`);
          for (const context of queue) {
            const at = this.contexts.get(context);
            if (at?.state !== 'joining' || at.place !== Number(place) || at.scope !== number)
              say(`${context} in no queue`);
            if (queued.has(context)) say(`${context} queued twice`);
            queued.add(context);
          }
          if (this.plan(scope.workflow).targets[Number(flow)] !== Number(place)) say(`flow ${flow} at ${place}`);
        }
        const join = this.plan(scope.workflow).actions[Number(place)]!.join!;
        const flows = Object.keys(queues).length;
        if (join.kind === 'count' && passed === undefined && flows >= join.need) say(`join ${place} is full`);
      }
      for (const { context, scope: where, state, hasRun } of this.contexts.values()) {
        if (where === number && state === 'joining' && !hasRun && !queued.has(context)) say(`${context} joins nothing`);
      }
      const { group } = scope;
      if (group === undefined) continue;
      if (group.begun > group.total || group.finished > group.begun) say(`group ${key} counts wrong`);
      const items = Object.values(open).filter(({ parent, item }) => parent === number && item !== undefined);
      if (Object.keys(group.active).length + items.length !== group.begun - group.finished) say(`group ${key}: items`);
      if (!this.state!.isRemoved && group.finished === group.begun && group.begun === group.total) say(`group ${key}`);
      for (const context of Object.keys(group.active)) if (!this.contexts.has(Number(context))) say(`item ${context}`);
      for (const [, context] of group.results) if (!this.contexts.has(context)) say(`result ${context} is gone`);
      const action = this.plan(scope.workflow).actions[scope.place]!.action;
      if (action.type === 'forEach' && group.begun - group.finished > (action.parallel ?? 1))
        say(`group ${key}: bound`);
      if (this.state!.isRemoved) continue;
      if (group.begun < group.total && !this.contexts.has(group.base)) say(`group ${key}: its base is gone`);
      for (const [context] of group.begun < group.total ? group.lists : []) {
        if (!this.contexts.has(context)) say(`group ${key}: a list is gone`);
      }
    }
    for (const [name, { holder, waiting }] of Object.entries(mutexes)) {
      const held = this.contexts.get(holder);
      if (held === undefined || held.state === 'joining') say(`mutex ${name} is held by ${holder}`);
      for (const { context } of waiting) {
        if (this.contexts.get(context)?.state !== 'waiting') say(`mutex ${name}: ${context} does not wait`);
      }
    }
    for (const race of this.state!.races ?? []) {
      const isNew = this.last.standing.some(({ context }) => race.includes(context));
      if (!isNew && race.filter(context => this.contexts.has(context)).length < 2) say(`the race ${race} is over`);
    }
    for (const { context, workflow, place, hasRun, state } of this.contexts.values()) {
      const action = this.plan(workflow).actions[place]!;
      // What stands there only now is claimed, and finds it so.
      const isAsleep = action.isTrigger && !this.last.standing.some(each => each.context === context);
      if (state === 'ready' && !hasRun && isAsleep && activeOf(this.state!, action) !== null)
        say(`${context} waits where a signal is active`);
    }
    // Something can go on, unless an operator is asked for.
    const states = new Set([...this.contexts.values()].map(({ state }) => state));
    if (!states.has('ready') && !states.has('failed') && !states.has('paused')) say('stuck');
  }
}
