// What would keep the triggers of a verified definition from being ready, and takes loading to find out: holidays of countries
// that are not known, and rules of recurrence whose library refuses them.

import { loadHolidays } from '../time/calendar/load-holidays.js';
import { TimeExpressionError } from '../time/errors.js';
import { zoneHere } from '../time/zone-here.js';
import { type Fault, faultAt, type Path } from '../workflow/fault.js';
import { levelsOf } from '../workflow/levels.js';
import type { Action, WorkflowDefinition } from '../workflow/model.js';

/** Where a fault is to be placed, for those who know what was written there. */
export interface UnreadyFault extends Fault {
  readonly at: Path;
}

export async function unreadyTimes(definition: WorkflowDefinition): Promise<UnreadyFault[]> {
  return [...(await unknownHolidays(definition)), ...(await refusedRules(definition))];
}

async function unknownHolidays({ calendars = [] }: WorkflowDefinition): Promise<UnreadyFault[]> {
  const loaded = await Promise.all(calendars.map(calendar => loadHolidays(calendar)));
  return loaded.flatMap((books, index) => {
    if (books.ok) return [];
    return books.faults.map(({ code, path, message }) => told(['calendars', index], `${path}: ${message} (${code})`));
  });
}

async function refusedRules(definition: WorkflowDefinition): Promise<UnreadyFault[]> {
  const rules = levelsOf(definition.actions, definition.flows).flatMap(level =>
    (level.actions as readonly Action[]).flatMap((action, index) => {
      if (action.type !== 'timer' || action.rrule === undefined) return [];
      return [{ rrule: action.rrule, at: [...level.path, 'actions', index, 'rrule'] }];
    }),
  );
  if (rules.length === 0) return [];
  const { compileRrule, parseRrule } = await import('../time/rrule/index.js');
  return rules.flatMap(({ rrule, at }) => {
    try {
      compileRrule(parseRrule(rrule), { zone: zoneHere(), startMs: 0 });
      return [];
    } catch (error) {
      if (!(error instanceof TimeExpressionError)) throw error;
      return [told(at, error.message)];
    }
  });
}

function told(at: Path, message: string): UnreadyFault {
  return { ...faultAt('TIME_INVALID', at, message), at };
}
