// The JSON Schema of a calendar as plain data: the same as `CalendarDefinition` of `model.ts`, kept by a test. Why twice:
// importing typebox costs 140 ms, which every command that looks at a calendar would pay.

import type { Schema } from '../../workflow/conform.js';

const name: Schema = { type: 'string', minLength: 1, maxLength: 200 };
const names: Schema = { type: 'array', items: name, minItems: 1, maxItems: 100 };
const moment: Schema = { type: 'string', minLength: 1, maxLength: 30 };
const duration: Schema = { type: 'string', minLength: 1, maxLength: 30 };
const kinds = ['public', 'bank', 'optional', 'school', 'observance'];

const holidays: Schema = {
  type: 'object',
  required: ['country'],
  properties: {
    country: { type: 'string', minLength: 2, maxLength: 10 },
    state: { type: 'string', minLength: 1, maxLength: 40 },
    region: { type: 'string', minLength: 1, maxLength: 40 },
    kinds: {
      type: 'array',
      items: { anyOf: kinds.map(kind => ({ type: 'string', const: kind })) },
      minItems: 1,
      maxItems: 5,
    },
    substitutes: { type: 'boolean' },
  },
  additionalProperties: false,
};

const range: Schema = {
  type: 'object',
  required: ['start'],
  properties: {
    start: moment,
    end: moment,
    for: duration,
    every: duration,
    count: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    until: moment,
  },
  additionalProperties: false,
};

const setProperties = {
  days: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 20 }, minItems: 1, maxItems: 100 },
  dates: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 30 }, minItems: 1, maxItems: 20_000 },
  hours: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 40 }, minItems: 1, maxItems: 48 },
  range,
  holidays,
  ical: { type: 'string', minLength: 1, maxLength: 4_096 },
  icalText: { type: 'string', minLength: 1, maxLength: 262_144 },
  union: names,
  intersection: names,
  complement: name,
  set: name,
} as const satisfies { readonly [key: string]: Schema };

const timeSet: Schema = { type: 'object', properties: setProperties, additionalProperties: false };

const namedSet: Schema = {
  type: 'object',
  required: ['name'],
  properties: { name, ...setProperties },
  additionalProperties: false,
};

const rule: Schema = {
  type: 'object',
  properties: { include: timeSet, exclude: timeSet, only: timeSet },
  additionalProperties: false,
};

export const calendarSchema: Schema = {
  type: 'object',
  required: ['name', 'rules'],
  properties: {
    name,
    description: { type: 'string', maxLength: 4_096 },
    zone: { type: 'string', minLength: 1, maxLength: 64 },
    sets: { type: 'array', items: namedSet, maxItems: 100 },
    rules: { type: 'array', items: rule, minItems: 1, maxItems: 200 },
  },
  additionalProperties: false,
};
