// The scenarios as Millrace workflows: one workflow a branch, one `call` action a step, a transaction break between each
// two. Priorities are given at submit, as the peers' are.

import type { WorkflowDefinition } from '../src/workflow/model.js';
import type { FilmRecord } from './records.js';
import { actionPath } from './records.js';
import type { Scenario } from './scenarios/scenario.js';
import type { Work } from './workload.js';

const functions = { score: 'callScore', scoreLater: 'callScoreLater', refuse: 'callRefuse' } as const;

/** Full name of the workflow of a branch. */
export function workflowName(scenario: Scenario, branch: number): string {
  return `/bench/${scenario.name}/branch-${String(branch).padStart(2, '0')}/films`;
}

/** What is deployed before a round. */
export function definitionsOf(scenario: Scenario): WorkflowDefinition[] {
  const stepNames = Array.from({ length: scenario.steps }, (_, step) => `step${step}`);
  return Array.from({ length: scenario.branches }, (_, branch) => ({
    name: workflowName(scenario, branch),
    module: actionPath,
    actions: stepNames.map((name, step) => ({
      name,
      type: 'call' as const,
      function: functions[scenario.action],
      ...(step === 0 ? {} : { transactionBreak: true }),
      ...(scenario.action === 'refuse' ? { retry: { ...scenario.retry } } : {}),
    })),
    flows: stepNames.slice(1).map((to, index) => ({ from: stepNames[index]!, to })),
  }));
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
