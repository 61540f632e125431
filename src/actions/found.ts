// A value as it is named in messages.

import type { Json } from '../workflow/model.js';

const shownMax = 60;

export function found(value: Json): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return `the text ${JSON.stringify(value.length > shownMax ? `${value.slice(0, shownMax)}...` : value)}`;
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      if (Array.isArray(value)) return `a list of ${value.length}`;
      return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing in it'}`;
  }
}
