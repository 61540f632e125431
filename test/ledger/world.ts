// Correct worlds for the checker's own test: a small model of an engine that keeps its promises, under kills.
//
// A recipe (made and shrunk by fast-check) says which workflows, which instances, where kills fall and how each instance
// ends; `buildWorld` plays it and writes down what the submit log, the ledger, the history and the audit would hold. It
// shares the formats with the checker, and none of its logic.

import fc from 'fast-check';
import type { AuditEvent, HistoryEntry, World } from './checker.js';
import type { Effect } from './ledger.js';
import type { ActionShape, WorkflowShape } from './shape.js';

/** An action of a recipe; workflows are chains. */
interface ActionRecipe {
  readonly isBreak: boolean;
  readonly hasEffect: boolean;
  /** Attempts of its transaction in which it fails: the first so many. */
  readonly fails: number;
  readonly failsBy: 'error' | 'timeout';
}

interface InstanceRecipe {
  readonly workflow: number;
  /** Counting its executions from 0: those that a kill cuts (as long as kills are left). */
  readonly cuts: readonly number[];
  /** What a cut leaves: no `end` in the ledger, or one; no trace in the audit, or a report of begun work. */
  readonly cutAfterEnd: boolean;
  readonly cutIsAudited: boolean;
  /** Transactions after which it is removed or left open, if it gets so far. */
  readonly stopAfter: number | null;
  readonly stopsAs: 'removed' | 'open';
  readonly defers: boolean;
  readonly isAcked: boolean;
}

export interface Recipe {
  readonly kills: number;
  readonly workflows: readonly (readonly ActionRecipe[])[];
  readonly instances: readonly InstanceRecipe[];
}

/** A world with what mutants need to know of it. */
export interface BuiltWorld extends World {
  readonly effects: Effect[];
  readonly history: Map<string, HistoryEntry>;
  readonly audit: Map<string, AuditEvent[]>;
  /** Events of begun work that was lost: dropping one may leave a legal audit. */
  readonly lost: ReadonlySet<AuditEvent>;
}

const attemptMax = 4;

const actionRecipe: fc.Arbitrary<ActionRecipe> = fc.record({
  isBreak: fc.boolean(),
  hasEffect: fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, { arbitrary: fc.constant(false), weight: 1 }),
  fails: fc.oneof(
    { arbitrary: fc.constant(0), weight: 5 },
    { arbitrary: fc.integer({ min: 1, max: 2 }), weight: 2 },
    { arbitrary: fc.constant(99), weight: 1 },
  ),
  failsBy: fc.constantFrom('error' as const, 'timeout' as const),
});

const instanceRecipe: fc.Arbitrary<InstanceRecipe> = fc.record({
  workflow: fc.nat(9),
  cuts: fc.array(fc.nat(8), { maxLength: 3 }),
  cutAfterEnd: fc.boolean(),
  cutIsAudited: fc.boolean(),
  stopAfter: fc.option(fc.nat(3), { freq: 2 }),
  stopsAs: fc.constantFrom('removed' as const, 'open' as const),
  defers: fc.boolean(),
  isAcked: fc.boolean(),
});

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  kills: fc.nat(3),
  workflows: fc.array(fc.array(actionRecipe, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
  instances: fc.array(instanceRecipe, { minLength: 1, maxLength: 6 }),
});

/** Play a recipe. */
export function buildWorld(recipe: Recipe): BuiltWorld {
  const workflows = recipe.workflows.map((actions, w) => chainOf(`/model/w${w}`, actions));
  const acked: { instance: string; workflow: string }[] = [];
  const unanswered = new Map<string, number>();
  const effects: Effect[] = [];
  const history = new Map<string, HistoryEntry>();
  const audit = new Map<string, AuditEvent[]>();
  const lost = new Set<AuditEvent>();
  for (const [i, instanceRecipe] of recipe.instances.entries()) {
    const w = instanceRecipe.workflow % workflows.length;
    const shape = workflows[w]!;
    const instance = `i${i}`;
    const player = new Player(instance, shape, recipe.workflows[w]!, instanceRecipe, {
      kills: recipe.kills,
      effects,
      lost,
    });
    const state = player.play();
    history.set(instance, {
      workflow: shape.name,
      state,
      times: 1,
      ...(state === 'finished' ? { trail: player.trail } : {}),
    });
    audit.set(instance, player.events);
    if (instanceRecipe.isAcked) acked.push({ instance, workflow: shape.name });
    else unanswered.set(shape.name, (unanswered.get(shape.name) ?? 0) + 1);
  }
  return {
    submitted: { acked, unanswered },
    effects,
    history,
    audit,
    lost,
    workflows: new Map(workflows.map(shape => [shape.name, shape])),
    kills: recipe.kills,
  };
}

function chainOf(name: string, actions: readonly ActionRecipe[]): WorkflowShape {
  const shapes = actions.map((action, i): [string, ActionShape] => [
    `a${i}`,
    {
      next: i + 1 < actions.length ? [`a${i + 1}`] : [],
      isBreak: action.isBreak,
      hasEffect: action.hasEffect,
      attemptMax,
    },
  ]);
  return { name, start: 'a0', actions: new Map(shapes) };
}

type AttemptEnd = { kind: 'passed'; place: number } | { kind: 'failed' } | { kind: 'cut' };

/** One instance's life. */
class Player {
  readonly events: AuditEvent[] = [];
  readonly trail: string[] = [];
  private nowMs = 1_000;
  private seq = 0;
  private life = 0;
  private executions = 0;

  constructor(
    private readonly instance: string,
    private readonly shape: WorkflowShape,
    private readonly actions: readonly ActionRecipe[],
    private readonly recipe: InstanceRecipe,
    private readonly shared: { kills: number; effects: Effect[]; lost: Set<AuditEvent> },
  ) {}

  play(): HistoryEntry['state'] {
    if (this.recipe.stopAfter === 0 && this.recipe.stopsAs === 'open') return 'open';
    this.tell('StartingExecutionFlow');
    for (let place = 0, transaction = 0; place < this.actions.length; transaction += 1) {
      if (this.recipe.stopAfter === transaction) return this.stop();
      if (this.recipe.defers) this.tell('DeferringExecutionFlow');
      const reached = this.playTransaction(place, transaction);
      if (reached === null) return 'failed';
      place = reached;
    }
    for (const event of ['FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartRemoved']) this.tell(event);
    return 'finished';
  }

  private stop(): 'removed' | 'open' {
    if (this.recipe.stopsAs === 'open') return 'open';
    if (this.recipe.defers) this.tell('FinishingExecutionFlow');
    this.tell('FlowChartRemoved');
    return 'removed';
  }

  private playTransaction(start: number, transaction: number): number | null {
    for (let attempt = 1; ; ) {
      const end = this.playAttempt(start, transaction, attempt);
      if (end.kind === 'passed') return end.place;
      if (end.kind === 'cut') continue; // killed: begins again, same attempt, another process
      if (attempt === attemptMax) return null;
      if (this.recipe.defers) this.tell('DeferringExecutionFlow');
      attempt += 1;
    }
  }

  private playAttempt(start: number, transaction: number, attempt: number): AttemptEnd {
    const pending: [event: string, action: string][] = [];
    const trail: string[] = [];
    for (let place = start; place < this.actions.length; place += 1) {
      const { hasEffect, isBreak, fails, failsBy } = this.actions[place]!;
      if (isBreak && place > start) return this.commit(pending, attempt, trail, place);
      const action = `a${place}`;
      pending.push(['EnteringAction', action]);
      if (!hasEffect) {
        pending.push(['ExitingAction', action]);
        continue;
      }
      pending.push(['ExecutingAction', action]);
      const willFail = attempt <= fails;
      if (this.execute(action, transaction, attempt, willFail) === 'cut') return this.lose(pending, attempt);
      if (willFail) {
        if (failsBy === 'timeout') pending.push(['ActionTimeout', action]);
        pending.push([failsBy === 'timeout' ? 'ExitingActionOnTimeout' : 'ExitingActionOnError', action]);
        this.tellAll(pending, attempt);
        return { kind: 'failed' };
      }
      pending.push(['ExitingAction', action]);
      trail.push(action);
    }
    return this.commit(pending, attempt, trail, this.actions.length);
  }

  private execute(action: string, transaction: number, attempt: number, willFail: boolean): 'ran' | 'cut' {
    const { instance, life } = this;
    const isCut = this.recipe.cuts.includes(this.executions) && life < this.shared.kills;
    this.executions += 1;
    const execution = `${instance}.${this.executions}`;
    const idempotencyKey = `${instance}:${transaction}`;
    const pid = 100 + life;
    this.nowMs += 1;
    const atMs = this.nowMs;
    const workflow = this.shape.name;
    this.shared.effects.push({
      kind: 'begin',
      execution,
      instance,
      workflow,
      action,
      attempt,
      idempotencyKey,
      pid,
      atMs,
    });
    if (isCut) this.life += 1;
    if (!isCut || this.recipe.cutAfterEnd) {
      this.shared.effects.push({ kind: 'end', execution, instance, ok: !willFail, atMs });
    }
    return isCut ? 'cut' : 'ran';
  }

  private commit(pending: [string, string][], attempt: number, trail: string[], place: number): AttemptEnd {
    this.tellAll(pending, attempt);
    this.trail.push(...trail);
    return { kind: 'passed', place };
  }

  private lose(pending: [string, string][], attempt: number): AttemptEnd {
    if (this.recipe.cutIsAudited) {
      for (const event of this.tellAll(pending, attempt)) this.shared.lost.add(event);
      // Work that reported itself in the first transaction reports the start of the flow; its heir does so again.
      const isFirst = this.trail.length === 0 && attempt === 1 && pending[0]![1] === 'a0';
      if (isFirst && this.recipe.defers) this.shared.lost.add(this.tell('StartingExecutionFlow'));
    }
    return { kind: 'cut' };
  }

  private tellAll(pending: [string, string][], attempt: number): AuditEvent[] {
    return pending.map(([event, action]) => this.tell(event, action, attempt));
  }

  private tell(event: string, action: string | null = null, attempt: number | null = null): AuditEvent {
    this.nowMs += 1;
    this.seq += 1;
    const told = { event, action, atMs: this.nowMs, attempt, seq: this.seq };
    this.events.push(told);
    return told;
  }
}
