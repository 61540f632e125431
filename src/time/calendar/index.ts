// Calendars as the other rooms see them. `from-file.ts`, which reads files, stands apart.

export { type CalendarFault, type CalendarFaultCode, calendarFaultCodes, type Outcome } from './calendar-fault.js';
export { compileCalendar } from './compile.js';
export type { HolidayBook, HolidayBooks } from './holiday-book.js';
export { parseCalendar } from './load.js';
export { type FileReader, loadHolidays } from './load-holidays.js';
export type { CalendarDefinition, HolidaySource, NamedSet, Range, Rule, TimeSet } from './model.js';
export { verifyCalendar } from './verify.js';
