// The audit trail filter: which events are recorded.
//
//   absent                 everything
//   [] or ['']             nothing (the original's `AUDIT_TRAIL_FILTER.0=`)
//   ['recommended', ...]   the original's recommended list, and more if more is given
//   names                  dotted, short or console names of events; any other name is one of your own events
//
// A name that begins with `flux.` and is no event is refused: recording nothing because of a slip would be found out
// too late. Short and console names are taken in any case for the same reason; such an entry also lets events of your
// own with just that name pass.

import { auditEvents, type EventShortName, eventByName, eventCode } from './events.js';
import { nearest, type Parsed, quote, refuse } from './fault.js';

/** Accepted in filters though it names no event: it stands in the original's recommended list. */
const namesWithoutEvent: readonly string[] = ['flux.audittrail.status.ErrorCondition'];

/** The original's recommended filter, dotted names in its order. */
export const recommendedFilter: readonly string[] = [
  ...dotted('DeadlineApproaching', 'DeadlineExceeded', 'DeferringExecutionFlow', 'EndingRun'),
  ...dotted('EngineDatabaseCommandsFailing', 'EngineMainBlocked', 'EngineMainStopped'),
  ...dotted('EnteringAction', 'EnteringTrigger'),
  ...namesWithoutEvent,
  ...dotted('ExecutingAction', 'ExitingAction', 'ExitingTrigger'),
  ...dotted('ExitingActionOnError', 'ExitingActionOnSignal', 'ExitingActionOnTimeout'),
  ...dotted(
    'ExitingTriggerOnError',
    'ExitingTriggerOnSignal',
    'ExitingTriggerOnTimeout',
    'ExitingTriggerWithoutFiring',
  ),
  ...dotted('FinishingExecutionFlow', 'FinishingFlowChart', 'FlowChartFailover', 'FlowChartRemoved'),
  ...dotted('StartingExecutionFlow', 'StartingRun'),
];

/** Most entries, and the longest one, characters. */
const entriesMax = 1_000;
const entryLengthMax = 1_024;

/** Decides by code, so that the engine asks once for each event it records. */
export interface AuditFilter {
  /** The entries it was made of, for `show`; `null` when everything is recorded. */
  readonly entries: readonly string[] | null;
  /** Whether an event of the catalogue is recorded. */
  allows(code: number): boolean;
  /** Whether an event sent by user code under this name is recorded. */
  allowsCustom(name: string): boolean;
}

/** The filter that `entries` describe. Fault: `FILTER_INVALID`, with the index of the entry as path. */
export function auditFilter(entries: readonly string[] | undefined): Parsed<AuditFilter> {
  if (entries === undefined)
    return { ok: true, value: { entries: null, allows: () => true, allowsCustom: () => true } };
  if (entries.length > entriesMax) {
    return refuse(
      'FILTER_INVALID',
      [],
      `an audit trail filter has at most ${entriesMax} entries, found ${entries.length}`,
    );
  }
  const codes = new Uint8Array(128);
  const customNames = new Set<string>();
  const names = entries.flatMap(entry => (entry === 'recommended' ? recommendedFilter : [entry]));
  if (!(names.length === 1 && names[0] === '')) {
    for (const [index, entry] of entries.entries()) {
      const reason = whyNot(entry);
      if (reason !== null) return refuse('FILTER_INVALID', [index], reason);
    }
    for (const name of names) {
      const event = eventByName(name) ?? bySimilarName.get(similar(name));
      if (event !== undefined) codes[event.code] = 1;
      if (!name.startsWith('flux.')) customNames.add(name);
    }
  }
  const allows = (code: number) => codes[code] === 1;
  return { ok: true, value: { entries: [...entries], allows, allowsCustom: name => customNames.has(name) } };
}

function whyNot(entry: unknown): string | null {
  if (typeof entry !== 'string') return `an entry of an audit trail filter is text, found ${typeof entry}`;
  if (entry === '') return 'an empty entry turns the audit trail off and must be the only one';
  if (entry.length > entryLengthMax)
    return `an entry of an audit trail filter has at most ${entryLengthMax} characters`;
  if (/[\p{Cc}\p{Cs}]/u.test(entry)) return `${quote(entry)} holds a control character or half a surrogate pair`;
  if (!entry.toLowerCase().startsWith('flux.') || eventByName(entry) || namesWithoutEvent.includes(entry)) return null;
  const near = nearest(entry, [...auditEvents.map(event => event.name), ...namesWithoutEvent]);
  return `no audit trail event is named ${quote(entry)}${near === null ? '' : `; did you mean ${quote(near)}?`}`;
}

function dotted(...shortNames: EventShortName[]): string[] {
  const wanted = new Set(shortNames.map(eventCode));
  // In the order given: the list is compared with the original's.
  return [...wanted].map(code => auditEvents.find(event => event.code === code)!.name);
}

/** Case and spaces aside. */
function similar(name: string): string {
  return name.toLowerCase().replaceAll(' ', '');
}

const bySimilarName = new Map(
  auditEvents.flatMap(event =>
    [event.shortName, event.consoleName ?? event.shortName].map(name => [similar(name), event]),
  ),
);
