// The schema as data is the model's.

import { expect, test } from 'vitest';
import { calendarSchema } from '../../../src/time/calendar/calendar-schema.js';
import { CalendarDefinition } from '../../../src/time/calendar/model.js';

const model: unknown = JSON.parse(JSON.stringify(CalendarDefinition));

test('calendar-schema.ts is the schema of model.ts', () => {
  expect(calendarSchema).toEqual(model);
});

test('the model uses only keywords that conform understands', () => {
  const known =
    /^(type|const|anyOf|required|properties|additionalProperties|items|minItems|maxItems|minLength|maxLength|minimum|maximum)$/;
  const walk = (schema: object): void => {
    for (const [key, value] of Object.entries(schema)) {
      expect(key).toMatch(known);
      if (key === 'properties') for (const property of Object.values(value as object)) walk(property as object);
      else if (key === 'items') walk(value as object);
      else if (key === 'anyOf') (value as object[]).forEach(walk);
    }
  };
  walk(model as object);
});
