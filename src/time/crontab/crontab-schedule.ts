// Ordinary crontab in a zone: it fires at every instant at which the clocks of the zone show a time that matches. A time
// that is skipped in spring does not come on that day; one that is shown twice in autumn comes twice (as in Go's
// robfig/cron, whose cases it holds); cron-style expressions, `0 0 30 1`, fire once.

import { localText } from '../civil.js';
import { firstInstantFrom } from '../local-time.js';
import type { Firing, Schedule } from '../schedule.js';
import { type Zone, zoneNamed } from '../zone.js';
import type { Crontab } from './ast.js';
import { LocalTimes } from './local-times.js';

const searchedUntilMs = Date.UTC(3001, 0);
const searchedBackToMs = Date.UTC(1900, 0);

/** The zone of `TZ=` in the expression goes before `zone`. */
export function compileCrontab(crontab: Crontab, { zone }: { readonly zone: Zone }): Schedule {
  return new CrontabSchedule(crontab, crontab.zoneName === null ? zone : zoneNamed(crontab.zoneName));
}

class CrontabSchedule implements Schedule {
  readonly #text: string;
  readonly #zone: Zone;
  readonly #times: LocalTimes;

  constructor(crontab: Crontab, zone: Zone) {
    this.#text = crontab.text;
    this.#zone = zone;
    this.#times = new LocalTimes(crontab);
  }

  next(afterMs: number): Firing {
    const localMs = this.#zone.localOf(afterMs);
    const onward = this.#firstAfter(localMs, afterMs);
    // When these clocks are put back soon, times up to now come again.
    const repeatMs = this.#zone.instantsOf(localMs).at(-1)!;
    const changeMs = repeatMs > afterMs ? this.#zone.nextChange(afterMs) : undefined;
    if (changeMs !== undefined && (onward === undefined || onward >= changeMs)) {
      const again = this.#times.next(this.#zone.localOf(changeMs) - 1);
      if (again !== undefined && again <= localMs) return { kind: 'fires', atMs: this.#zone.instantsOf(again).at(-1)! };
    }
    return onward === undefined ? this.#unsatisfiable(searchedUntilMs) : { kind: 'fires', atMs: onward };
  }

  previous(beforeMs: number): Firing {
    const localMs = this.#zone.localOf(beforeMs);
    const back = this.#lastBefore(localMs, beforeMs);
    // When these clocks were put back just now, times from now on have been before.
    const earlierMs = this.#zone.instantsOf(localMs)[0]!;
    const changeMs = earlierMs < beforeMs ? this.#zone.nextChange(earlierMs) : undefined;
    if (changeMs !== undefined && (back === undefined || back < changeMs)) {
      const before = this.#times.previous(this.#zone.localOf(changeMs - 1) + 1);
      if (before !== undefined && before >= localMs) return { kind: 'fires', atMs: this.#zone.instantsOf(before)[0]! };
    }
    return back === undefined ? this.#unsatisfiable(searchedBackToMs) : { kind: 'fires', atMs: back };
  }

  /** The first instant after `afterMs` that shows a time of ours later than `localMs`. */
  #firstAfter(localMs: number, afterMs: number): number | undefined {
    let time = this.#times.next(localMs);
    while (time !== undefined) {
      const atMs = this.#zone.instantsOf(time).find(instant => instant > afterMs);
      if (atMs !== undefined) return atMs;
      // Skipped: on from where the clocks go on.
      time = this.#times.next(this.#zone.localOf(firstInstantFrom(this.#zone, time)) - 1);
    }
    return undefined;
  }

  /** The last instant before `beforeMs` that shows a time of ours earlier than `localMs`. */
  #lastBefore(localMs: number, beforeMs: number): number | undefined {
    let time = this.#times.previous(localMs);
    while (time !== undefined) {
      const atMs = this.#zone.instantsOf(time).findLast(instant => instant < beforeMs);
      if (atMs !== undefined) return atMs;
      time = this.#times.previous(this.#zone.localOf(firstInstantFrom(this.#zone, time) - 1) + 1);
    }
    return undefined;
  }

  #unsatisfiable(untilMs: number): Firing {
    const until = localText(this.#zone.localOf(untilMs));
    return {
      kind: 'unsatisfiable',
      searchedUntilMs: untilMs,
      message: `The crontab expression "${this.#text}" could not be satisfied after searching until ${until} ${this.#zone.name}.`,
    };
  }
}
