// The oracle: compares what submitters were told (submit log), what actions did (effect ledger) and what the engine says
// (history and audit), and names every contradiction.
//
// Separate from the engine: it imports nothing from src/ and knows workflows by their definitions alone. Pure, and linear
// in what it is given.
//
// Checked, by the numbers of reference/faults.md: I1 nothing lost; I2 single commit; I4 bounded duplicates, one key; I8
// audit a legal path, no gap, no orphan. The rules stand in audit-grammar.ts (G) and effect-check.ts (E).

import { type AuditEvent, type AuditReading, readAudit } from './audit-grammar.js';
import { compareWithAudit, type EffectNumbers, type Faults, tallyEffects } from './effect-check.js';
import type { Effect } from './ledger.js';
import type { WorkflowShape } from './shape.js';
import type { Submitted } from './submit-log.js';

export type { AuditEvent } from './audit-grammar.js';

export type ViolationKind =
  /** An acknowledged instance is nowhere. */
  | 'missing'
  /** One id was acknowledged for two submits. */
  | 'acknowledged-twice'
  /** An instance nobody sent. */
  | 'invented-instance'
  /** The workflow is not the one submitted. */
  | 'wrong-workflow'
  /** More than one final state, or one beside an open instance. */
  | 'ended-twice'
  /** Still open though `everythingEnded`. */
  | 'not-ended'
  | 'committed-twice'
  | 'audit-gap'
  | 'audit-order'
  | 'audit-time'
  /** Events or effects of an instance that is nowhere. */
  | 'orphan'
  /** State and audit tell different ends. */
  | 'state-mismatch'
  | 'too-many-attempts'
  /** FAILED though attempts were left. */
  | 'failed-early'
  /** More begun work lost than faults happened. */
  | 'too-many-losses'
  | 'no-effect'
  | 'effect-without-audit'
  | 'effect-without-begin'
  | 'too-many-executions'
  | 'key-changed'
  | 'key-reused'
  | 'key-shared'
  /** The variables kept do not tell the committed actions in order. */
  | 'wrong-trail';

export interface Violation {
  readonly kind: ViolationKind;
  /** `null`: concerns no single instance. */
  readonly instance: string | null;
  readonly message: string;
}

/** One instance as the engine's history and its list of open instances show it together. */
export interface HistoryEntry {
  readonly workflow: string;
  /** Of several appearances, a final one. */
  readonly state: 'finished' | 'removed' | 'failed' | 'open';
  /** Times it appears; 1 in a correct world. */
  readonly times: number;
  /** `trail` of the result, where the fixture actions left one and the export has it. */
  readonly trail?: readonly string[];
}

export interface World {
  readonly submitted: Submitted;
  /** In ledger order. */
  readonly effects: readonly Effect[];
  readonly history: ReadonlyMap<string, HistoryEntry>;
  /** Events by instance, in order. */
  readonly audit: ReadonlyMap<string, readonly AuditEvent[]>;
  readonly workflows: ReadonlyMap<string, WorkflowShape>;
  /** Times a process was killed while it may have executed. */
  readonly kills: number;
  /** Worker threads that were ended. Default 0. */
  readonly threadLosses?: number;
  /** Times a process lived on although the leases of what it had begun had ended: anybody may begin that again. Default 0. */
  readonly lapses?: number;
  /** The run went to its end: an open instance is a violation. Default false. */
  readonly everythingEnded?: boolean;
  /** How far an event's time may lie before its predecessor's, milliseconds. Default 5. */
  readonly clockSlackMs?: number;
}

/** Violations, and the numbers a report publishes beside them. */
export interface Verdict extends EffectNumbers {
  readonly violations: readonly Violation[];
  readonly instances: number;
  readonly acknowledged: number;
  readonly states: Readonly<Record<HistoryEntry['state'], number>>;
  readonly auditEvents: number;
  /** Audit events outside the grammar. */
  readonly ignoredEvents: number;
  /** Times begun work was lost to a kill and shows in the audit. */
  readonly losses: number;
  /** Times an instance was taken from an engine that no longer answered. */
  readonly failovers: number;
}

/** Check a world. A correct one has no violations; a wrong one has at least one, for the instance concerned. */
export function check(world: World): Verdict {
  const violations: Violation[] = [];
  const numbers: EffectNumbers = { executions: 0, duplicates: 0 };
  const states = { finished: 0, removed: 0, failed: 0, open: 0 };
  let auditEvents = 0;
  let ignoredEvents = 0;
  let losses = 0;
  let failovers = 0;
  const report = (kind: ViolationKind, instance: string | null, message: string): void => {
    violations.push({ kind, instance, message });
  };

  checkSubmitted(world, report);
  const effectsOf = groupEffects(world.effects);
  const faults: Faults = {
    kills: world.kills,
    threadLosses: world.threadLosses ?? 0,
    lapses: world.lapses ?? 0,
  };
  const ownerOf = new Map<string, string>();

  for (const [instance, entry] of world.history) {
    states[entry.state] += 1;
    const say = (kind: ViolationKind, message: string): void => report(kind, instance, message);
    if (entry.times !== 1) say('ended-twice', `appears ${entry.times} times, once as ${entry.state}`);
    if (entry.state === 'open' && world.everythingEnded === true) say('not-ended', 'still open at the end');
    const keys = tallyEffects(effectsOf.get(instance) ?? [], faults, numbers, say);
    for (const { key } of keys) {
      const owner = ownerOf.get(key);
      if (owner === undefined) ownerOf.set(key, instance);
      else say('key-shared', `key ${key} is also that of ${owner}`);
    }
    const shape = world.workflows.get(entry.workflow);
    if (shape === undefined) {
      say('wrong-workflow', `unknown workflow ${entry.workflow}`);
      continue;
    }
    const events = world.audit.get(instance) ?? [];
    const reading = readAudit(events, shape, world.clockSlackMs ?? 5);
    auditEvents += events.length;
    ignoredEvents += reading.ignored;
    losses += reading.losses;
    failovers += reading.failovers;
    checkReading(reading, entry, faults, say);
    // After an illegal event the rest of the audit is not understood, and comparing it would only repeat the fault.
    if (reading.fault !== null) continue;
    const isSettled = entry.state === 'finished' || entry.state === 'failed';
    compareWithAudit(keys, reading, shape, { isSettled, faults }, say);
    if (entry.trail !== undefined && entry.state === 'finished') checkTrail(entry.trail, reading, shape, say);
  }

  for (const instance of world.audit.keys()) {
    if (!world.history.has(instance)) report('orphan', instance, 'has an audit, but is nowhere');
  }
  for (const instance of effectsOf.keys()) {
    if (!world.history.has(instance)) report('orphan', instance, 'has effects, but is nowhere');
  }
  const acknowledged = world.submitted.acked.length;
  const instances = world.history.size;
  return { violations, instances, acknowledged, states, auditEvents, ignoredEvents, losses, failovers, ...numbers };
}

/** I1, and that nothing appears that was not sent. */
function checkSubmitted(
  world: World,
  report: (kind: ViolationKind, instance: string | null, message: string) => void,
): void {
  const acked = new Set<string>();
  for (const { instance, workflow } of world.submitted.acked) {
    if (acked.has(instance)) report('acknowledged-twice', instance, 'one id for two submits');
    acked.add(instance);
    const entry = world.history.get(instance);
    if (entry === undefined) report('missing', instance, `acknowledged (${workflow}), but nowhere`);
    else if (entry.workflow !== workflow)
      report('wrong-workflow', instance, `${entry.workflow}, submitted as ${workflow}`);
  }
  const left = new Map(world.submitted.unanswered);
  for (const [instance, entry] of world.history) {
    if (acked.has(instance)) continue;
    const room = left.get(entry.workflow) ?? 0;
    if (room === 0) report('invented-instance', instance, `more ${entry.workflow} than were sent`);
    else left.set(entry.workflow, room - 1);
  }
}

type Say = (kind: ViolationKind, message: string) => void;

/** The audit is legal, and tells the end the history tells. */
function checkReading(reading: AuditReading, entry: HistoryEntry, faults: Faults, say: Say): void {
  if (reading.fault !== null) {
    say(reading.fault.kind, reading.fault.message);
    return;
  }
  if (reading.losses > faults.kills + faults.threadLosses + faults.lapses) {
    say('too-many-losses', `begun work lost ${reading.losses} times, ${faults.kills} kills`);
  }
  const { says } = reading;
  switch (entry.state) {
    case 'finished':
    case 'removed':
      if (says === 'finished' || says === 'removed') {
        if (says !== entry.state) say('state-mismatch', `${entry.state}, but the audit tells ${says}`);
      } else say('audit-gap', `${entry.state}, but the audit stops before the end (${says})`);
      return;
    case 'failed':
      if (says === 'finished' || says === 'removed') say('state-mismatch', `failed, but the audit tells ${says}`);
      else if (says === 'open') say('audit-gap', 'failed, but the audit tells no failure');
      // A transaction that ends its thread is parked whatever its policy allows; that needs lost threads.
      else if (says === 'retrying' && faults.threadLosses === 0) say('failed-early', 'failed with attempts left');
      return;
    case 'open':
      if (says === 'finished' || says === 'removed') say('state-mismatch', `open, but the audit tells ${says}`);
      return;
  }
}

/** The trail kept in variables is what the committed transactions did: no lost write, none of a rolled-back attempt. */
function checkTrail(trail: readonly string[], reading: AuditReading, shape: WorkflowShape, say: Say): void {
  const committed: string[] = [];
  for (const visits of reading.transactions) {
    const last = visits.at(-1)?.attempt;
    for (const { action, attempt, end } of visits) {
      if (attempt === last && end === 'ok' && shape.actions.get(action)?.hasEffect) committed.push(action);
    }
  }
  if (trail.length === committed.length && trail.every((action, i) => action === committed[i])) return;
  say('wrong-trail', `kept "${trail.join(' ')}", committed "${committed.join(' ')}"`);
}

function groupEffects(effects: readonly Effect[]): Map<string, Effect[]> {
  const groups = new Map<string, Effect[]>();
  for (const effect of effects) {
    const group = groups.get(effect.instance);
    if (group === undefined) groups.set(effect.instance, [effect]);
    else group.push(effect);
  }
  return groups;
}
