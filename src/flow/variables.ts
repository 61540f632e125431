// Reading variables and their members: own properties of JSON objects and lists alone. No prototype, no method and no
// length of a text is ever reached, so that what an instance holds cannot name what it does not hold.

/** Variables of one scope, as JSON has them. */
export type Variables = Readonly<Record<string, unknown>>;

/** Fields and keys of objects as texts, indexes of lists from 0. */
export type Step = string | number;

/** The name under which a scope has a variable, or `null`. `RESULT` and `result` are one variable; `RESULT` is where it is. */
export function nameIn(variables: Variables, name: string): string | null {
  if (name === 'result' && Object.hasOwn(variables, 'RESULT')) return 'RESULT';
  if (Object.hasOwn(variables, name)) return name;
  return name === 'RESULT' && Object.hasOwn(variables, 'result') ? 'result' : null;
}

/** A member of a value; `undefined` when it has none of this name or index. */
export function memberOf(value: unknown, step: Step): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) && typeof step === 'string') return undefined;
  return Object.hasOwn(value, step) ? (value as Variables)[step] : undefined;
}
