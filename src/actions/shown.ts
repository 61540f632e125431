// A text that was substituted, as it is shown: one that is a single expression has the type of its value.

import type { Json } from '../workflow/model.js';

export function shown(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}
