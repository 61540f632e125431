// The catalogue of audit events and the filter over it: names exactly as the original's documentation has them.

import { describe, expect, test } from 'vitest';
import { auditEvents, eventByCode, eventByName, eventCode } from '../../src/workflow/events.js';
import { type AuditFilter, auditFilter, recommendedFilter } from '../../src/workflow/filter.js';

const documented = `
client.EnteringCallEvent = Entering Call
client.ExitingCallEvent = Exiting Call
client.ExitingCallWithErrorEvent = Exiting Call with Error
client.FlowChartRemovedEvent = Workflow Removed
client.J2seTransactionCommittedEvent = J2se Transaction Committed
client.J2seTransactionRolledBackEvent = J2se Transaction Rolled Back
server.ActionTimeoutEvent = Action Timeout
server.DeadlineApproachingEvent = Deadline Approaching
server.DeadlineExceededEvent = Deadline Exceeded
server.DeferringExecutionFlowEvent = Deferring Flow Execution
server.EndingRunEvent = Ending Run
server.EnteringActionEvent = Entering Action
server.EnteringTriggerEvent = Entering Trigger
server.ExecutingActionEvent = Executing Action
server.ExitingActionEvent = Exiting Action
server.ExitingActionOnErrorEvent = Exiting Action on Error
server.ExitingActionOnSignalEvent = Exiting Action on Signal
server.ExitingActionOnTimeoutEvent = Exiting Action on Timeout
server.ExitingTriggerEvent = Exiting Trigger
server.ExitingTriggerOnErrorEvent = Exiting Trigger on Error
server.ExitingTriggerOnSignalEvent = Exiting Trigger on Signal
server.ExitingTriggerOnTimeoutEvent = Exiting Trigger on Timeout
server.ExitingTriggerWithoutFiringEvent = Exiting Trigger without Firing
server.FinishingExecutionFlowEvent = Finishing Execution Flow
server.FinishingFlowChartEvent = Finishing Workflow
server.FlowChartFailoverEvent = Workflow Failover
server.StartingExecutionFlowEvent = Starting Execution Flow
server.StartingRunEvent = Starting Run
status.EngineContentsSummary = null
status.EngineDatabaseCommandsFailing = Engine Database Commands Failing
status.EngineMainBlocked = Engine Main Blocked
status.EngineMainStopped = Engine Main Stopped
status.FlowContextDetails = null
status.Ok = null`.trim();

const recommended = `
server.DeadlineApproachingEvent server.DeadlineExceededEvent server.DeferringExecutionFlowEvent server.EndingRunEvent
status.EngineDatabaseCommandsFailing status.EngineMainBlocked status.EngineMainStopped
server.EnteringActionEvent server.EnteringTriggerEvent status.ErrorCondition server.ExecutingActionEvent
server.ExitingActionEvent server.ExitingTriggerEvent server.ExitingActionOnErrorEvent server.ExitingActionOnSignalEvent
server.ExitingActionOnTimeoutEvent server.ExitingTriggerOnErrorEvent server.ExitingTriggerOnSignalEvent
server.ExitingTriggerOnTimeoutEvent server.ExitingTriggerWithoutFiringEvent server.FinishingExecutionFlowEvent
server.FinishingFlowChartEvent server.FlowChartFailoverEvent client.FlowChartRemovedEvent
server.StartingExecutionFlowEvent server.StartingRunEvent`;

function filterOf(entries: readonly string[] | undefined): AuditFilter {
  const parsed = auditFilter(entries);
  if (!parsed.ok) throw new Error(parsed.fault.message);
  return parsed.value;
}

function allowed(entries: readonly string[] | undefined): string[] {
  const filter = filterOf(entries);
  return auditEvents.filter(event => filter.allows(event.code)).map(event => event.shortName);
}

describe('the catalogue', () => {
  test('has the documented events, by family', () => {
    const ours = auditEvents.map(event => `${event.name.replace('flux.audittrail.', '')} = ${event.consoleName}`);
    expect(ours.join('\n')).toBe(documented);
  });

  test('finds each by code and by any of its names, which are all different', () => {
    const names = auditEvents.flatMap(event => [
      event.name,
      event.shortName,
      ...(event.consoleName ? [event.consoleName] : []),
    ]);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(auditEvents.map(event => event.code)).size).toBe(auditEvents.length);
    for (const event of auditEvents) {
      expect(eventByCode(event.code)).toBe(event);
      expect(eventCode(event.shortName)).toBe(event.code);
      expect(eventByName(event.name)).toBe(event);
      expect(eventByName(event.shortName)).toBe(event);
      expect(event.name).toContain(event.family);
      expect(event.description).not.toBe('');
    }
    expect(eventByName('Workflow Removed')?.shortName).toBe('FlowChartRemoved');
    expect(eventByName('toString')).toBeUndefined();
    expect(eventByCode(0)).toBeUndefined();
  });

  test('keeps its codes: they are in stored rows', () => {
    const codes = Object.fromEntries(auditEvents.map(event => [event.shortName, event.code]));
    expect(codes).toMatchObject({
      EnteringCall: 1,
      FlowChartRemoved: 4,
      ActionTimeout: 20,
      EnteringAction: 25,
      ExecutingAction: 27,
    });
    expect(codes).toMatchObject({
      ExitingAction: 28,
      FinishingFlowChart: 38,
      StartingRun: 41,
      EngineContentsSummary: 80,
      Ok: 85,
    });
  });
});

describe('the filter', () => {
  test('absent records everything, a single empty entry or none nothing', () => {
    expect(allowed(undefined)).toHaveLength(auditEvents.length);
    expect(filterOf(undefined).allowsCustom('mine')).toBe(true);
    for (const entries of [[''], []]) {
      expect(allowed(entries)).toEqual([]);
      expect(filterOf(entries).allowsCustom('mine')).toBe(false);
      expect(filterOf(entries).allowsCustom('')).toBe(false);
    }
  });

  test('names events by dotted, short and console name', () => {
    const entries = [
      'flux.audittrail.server.EnteringActionEvent',
      'ExitingAction',
      'Workflow Removed',
      'executing action',
    ];
    expect(allowed(entries)).toEqual(['FlowChartRemoved', 'EnteringAction', 'ExecutingAction', 'ExitingAction']);
  });

  test('names events of your own, exactly', () => {
    const filter = filterOf(['MyCustomEventName', 'com.example.Done']);
    expect(
      ['MyCustomEventName', 'com.example.Done', 'mycustomeventname', 'other'].map(name => filter.allowsCustom(name)),
    ).toEqual([true, true, false, false]);
    expect(filter.allows(eventCode('EnteringAction'))).toBe(false);
  });

  test('recommended is the documented list, ErrorCondition included', () => {
    expect(recommendedFilter.map(name => name.replace('flux.audittrail.', ''))).toEqual(
      recommended.trim().split(/\s+/),
    );
    expect(allowed(['recommended'])).toEqual(allowed(recommendedFilter));
    expect(allowed(['recommended'])).toHaveLength(25);
    const more = filterOf(['recommended', 'Ok', 'Mine']);
    expect([more.allows(eventCode('Ok')), more.allowsCustom('Mine')]).toEqual([true, true]);
    expect(allowed(['flux.audittrail.status.ErrorCondition'])).toEqual([]);
  });

  test.each<[string[], string]>([
    [
      ['flux.audittrail.server.EnteringActonEvent'],
      '[0]: no audit trail event is named "flux.audittrail.server.EnteringActonEvent"; did you mean "flux.audittrail.server.EnteringActionEvent"?',
    ],
    [
      ['Ok', 'flux.audittrial.server.DeadlineExceededEvent'],
      '[1]: no audit trail event is named "flux.audittrial.server.DeadlineExceededEvent"; did you mean "flux.audittrail.server.DeadlineExceededEvent"?',
    ],
    [['flux.other'], '[0]: no audit trail event is named "flux.other"'],
    [['Ok', ''], '[1]: an empty entry turns the audit trail off and must be the only one'],
    [['a\nb'], '[0]: "a\\nb" holds a control character or half a surrogate pair'],
    [['x'.repeat(1_025)], '[0]: an entry of an audit trail filter has at most 1024 characters'],
    [Array(1_001).fill('x'), ': an audit trail filter has at most 1000 entries, found 1001'],
  ])('refuses %j', (entries, message) => {
    const parsed = auditFilter(entries);
    expect(parsed.ok ? '' : `${parsed.fault.path}: ${parsed.fault.message}`).toBe(message);
    expect(!parsed.ok && parsed.fault.code).toBe('FILTER_INVALID');
  });
});
