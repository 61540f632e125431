// Schemas as data may use only what the walk over them (`src/workflow/conform.ts`) understands.

import { expect } from 'vitest';

const known =
  /^(type|const|anyOf|required|properties|additionalProperties|items|minItems|maxItems|minLength|maxLength|minimum|maximum)$/;

export function expectKnownKeywords(schema: object): void {
  for (const [key, value] of Object.entries(schema)) {
    expect(key).toMatch(known);
    if (key === 'properties') Object.values(value as object).forEach(expectKnownKeywords);
    else if (key === 'items') expectKnownKeywords(value as object);
    else if (key === 'anyOf') (value as object[]).forEach(expectKnownKeywords);
  }
}
