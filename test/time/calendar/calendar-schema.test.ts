// The schema as data is the model's.

import { expect, test } from 'vitest';
import { calendarSchema } from '../../../src/time/calendar/calendar-schema.js';
import { CalendarDefinition } from '../../../src/time/calendar/model.js';
import { expectKnownKeywords } from '../../workflow/schema-keywords.js';

const model: unknown = JSON.parse(JSON.stringify(CalendarDefinition));

test('calendar-schema.ts is the schema of model.ts', () => {
  expect(calendarSchema).toEqual(model);
});

test('the model uses only keywords that conform understands', () => expectKnownKeywords(model as object));
