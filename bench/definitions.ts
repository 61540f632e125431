// The scenarios as Millrace workflows: one workflow a branch, one `call` action a step, a transaction break between each
// two. Priorities are given at submit, as the peers' are.

import type { WorkflowDefinition } from '../src/workflow/model.js';
import type { FilmRecord } from './records.js';
import { actionPath } from './records.js';
import type { Scenario } from './scenarios/scenario.js';
import { actionsOf, type Work } from './workload.js';

const functions = { score: 'callScore', scoreLater: 'callScoreLater', refuse: 'callRefuse' } as const;

/** Full name of the workflow of a branch. */
export function workflowName(scenario: Scenario, branch: number): string {
  return `/bench/${scenario.name}/branch-${String(branch).padStart(2, '0')}/films`;
}

/** What is deployed before a round. */
export function definitionsOf(scenario: Scenario): WorkflowDefinition[] {
  return Array.from({ length: scenario.branches }, (_, branch) => ({
    name: workflowName(scenario, branch),
    module: actionPath,
    ...chartOf(scenario),
  }));
}

function chartOf(scenario: Scenario): Pick<WorkflowDefinition, 'actions' | 'flows'> {
  switch (scenario.shape) {
    case 'sequence':
      return sequence(scenario);
    case 'split':
      return splitAndJoin(scenario.steps);
    case 'loop':
      return loop(scenario.steps);
  }
}

function sequence(scenario: Scenario): Pick<WorkflowDefinition, 'actions' | 'flows'> {
  const names = Array.from({ length: actionsOf(scenario) }, (_, action) => `step${action}`);
  return {
    actions: names.map((name, action) => ({
      name,
      type: 'call' as const,
      function: functions[scenario.action],
      ...(action === 0 || action % scenario.actionsPerStep > 0 ? {} : { transactionBreak: true }),
      ...(scenario.action === 'refuse' ? { retry: { ...scenario.retry } } : {}),
    })),
    flows: names.slice(1).map((to, index) => ({ from: names[index]!, to })),
  };
}

/** One action, `width` at once, one that joins them. */
export function splitAndJoin(width: number): Pick<WorkflowDefinition, 'actions' | 'flows'> {
  const names = Array.from({ length: width }, (_, branch) => `branch${branch}`);
  const scores = { type: 'call', function: 'callScore' } as const;
  return {
    actions: [
      { name: 'split', ...scores },
      ...names.map(name => ({ name, ...scores })),
      { name: 'join', ...scores, join: 'all' },
    ],
    flows: names.flatMap(name => [
      { from: 'split', to: name },
      { from: name, to: 'join' },
    ]),
  };
}

export function loop(turns: number): Pick<WorkflowDefinition, 'actions' | 'flows'> {
  const turn = { name: 'turn', type: 'call', function: 'callTurn', transactionBreak: true } as const;
  return { actions: [turn], flows: [{ from: 'turn', to: 'turn', condition: `turn < ${turns}` }] };
}

/** One record to submit: the same data as a peer's job carries. */
export interface Submission {
  readonly workflow: string;
  readonly input: { record: FilmRecord; submittedAtMs: number; waitMs: number };
  readonly priority?: number;
}

export function submissionOf(scenario: Scenario, work: Work, submittedAtMs: number): Submission {
  return {
    workflow: workflowName(scenario, work.branch),
    input: { record: work.record, submittedAtMs, waitMs: scenario.waitMs },
    ...(work.priority === null ? {} : { priority: work.priority }),
  };
}
