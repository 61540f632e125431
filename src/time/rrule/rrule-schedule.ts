// Recurrence rules as schedules, by rrule-temporal (RFC 5545): a local time that is skipped in spring does not come, one that
// is shown twice in autumn comes the first time.

import { RRuleTemporal } from 'rrule-temporal';
import { localText } from '../civil.js';
import { TimeExpressionError } from '../errors.js';
import type { Firing, Schedule } from '../schedule.js';
import type { Zone } from '../zone.js';
import type { RecurrenceRule, WrittenTime } from './ast.js';

/** Periods the library tries before it gives up, and times within them: what can be found takes far fewer. */
const periodsMax = 10_000;
const candidatesMax = 200_000;
/** As all schedules: later times do not come. */
const latestMs = Date.UTC(3001, 0) - 1;

export interface RecurrenceContext {
  /** Of times that name no zone. */
  readonly zone: Zone;
  /** When a rule without DTSTART begins, milliseconds since 1970 in UTC: its parts of a second are dropped. */
  readonly startMs?: number;
}

/**
 * @throws TimeExpressionError when the rule has no start and none is given, or its parts do not go together
 */
export function compileRrule(rule: RecurrenceRule, context: RecurrenceContext): Schedule {
  return new RecurrenceSchedule(rule, context.zone, ruleOf(rule, context));
}

/** The library's rule. */
export function ruleOf(rule: RecurrenceRule, { zone, startMs }: RecurrenceContext): RRuleTemporal {
  const start = rule.start ?? (startMs === undefined ? undefined : startOf(zone, startMs));
  if (start === undefined) {
    throw new TimeExpressionError({
      expression: rule.text,
      index: rule.ruleIndex,
      found: 'a rule without a start',
      expected: 'DTSTART before it, such as DTSTART:20200430T080000',
    });
  }
  try {
    return new RRuleTemporal({
      rruleString: rule.rule,
      dtstart: inputOf(start, zone),
      rDate: rule.included.map(time => inputOf(time, zone)),
      exDate: rule.excluded.map(time => inputOf(time, zone)),
      maxIterations: periodsMax,
      maxCandidateEvaluations: candidatesMax,
      strict: true,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new TimeExpressionError({
      expression: rule.text,
      index: rule.ruleIndex,
      found: error.message,
      expected: 'a rule by RFC 5545',
    });
  }
}

class RecurrenceSchedule implements Schedule {
  /** All times of a rule with COUNT, sorted; null of one without. */
  #counted: readonly number[] | null | undefined;

  constructor(
    readonly rule: RecurrenceRule,
    readonly zone: Zone,
    readonly found: RRuleTemporal,
  ) {}

  next(afterMs: number): Firing {
    return this.#firing(afterMs, () => {
      const counted = this.#countedTimes();
      return counted === null ? timeOf(this.found.next(new Date(afterMs))) : counted.find(atMs => atMs > afterMs);
    });
  }

  previous(beforeMs: number): Firing {
    return this.#firing(beforeMs, () => {
      const counted = this.#countedTimes();
      return counted === null
        ? timeOf(this.found.previous(new Date(beforeMs)))
        : counted.findLast(atMs => atMs < beforeMs);
    });
  }

  /** Listed once: the library would count from the start each time, which takes a second at the 10,000th. */
  #countedTimes(): readonly number[] | null {
    if (this.#counted !== undefined) return this.#counted;
    const times: number[] = [];
    if (this.found.options().count !== undefined) {
      this.found.all(({ epochMilliseconds }) => {
        if (epochMilliseconds <= latestMs) times.push(epochMilliseconds);
        return epochMilliseconds <= latestMs;
      });
    }
    this.#counted = times.length === 0 ? null : times;
    return this.#counted;
  }

  #firing(fromMs: number, ask: () => number | undefined): Firing {
    const unsatisfiable = (why: string): Firing => ({
      kind: 'unsatisfiable',
      searchedUntilMs: fromMs,
      message: `The recurrence rule "${this.rule.text}" could not be satisfied from ${localText(this.zone.localOf(fromMs))} ${this.zone.name}: ${why}.`,
    });
    if (!Number.isFinite(fromMs)) throw new RangeError(`${fromMs} is no instant: expected milliseconds since 1970`);
    try {
      const atMs = ask();
      if (atMs === undefined) return unsatisfiable('there is no such time');
      return atMs <= latestMs ? { kind: 'fires', atMs } : unsatisfiable(beyond);
    } catch (error) {
      // Temporal's own, of a date beyond the year 275760.
      if (error instanceof RangeError) return unsatisfiable(beyond);
      // The library has no class of its own for this.
      if (error instanceof Error && /maximum|exceeded|iterations/i.test(error.message)) {
        return unsatisfiable(`none was found in ${periodsMax.toLocaleString('en-US')} periods`);
      }
      throw error;
    }
  }
}

const beyond = 'there is none up to the year 3000';

function timeOf(found: { readonly epochMilliseconds: number } | null): number | undefined {
  return found?.epochMilliseconds;
}

function startOf(zone: Zone, startMs: number): WrittenTime {
  return { local: localText(Math.floor(zone.localOf(startMs) / 1_000) * 1_000), zoneName: zone.name };
}

/** As the library reads it: any object that says its zone and its time. */
function inputOf({ local, zoneName }: WrittenTime, zone: Zone): { timeZoneId: string; toString(): string } {
  const timeZoneId = zoneName ?? zone.name;
  return { timeZoneId, toString: () => `${local}[${timeZoneId}]` };
}
