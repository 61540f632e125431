// What is wrong with a line of an iCalendar file, before it is known where the line stands.

import type { CalendarFaultCode } from './calendar-fault.js';

export class IcalRefusal extends Error {
  constructor(
    readonly code: CalendarFaultCode,
    message: string,
  ) {
    super(message);
  }
}

/** One that knows its line: the file cannot be read beyond it. */
export class IcalBroken extends IcalRefusal {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super('ICAL_INVALID', message);
  }
}
