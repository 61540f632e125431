// Query texts.

/** `?a=1&b=x`, without what is undefined; empty when nothing is left. */
export function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [field, value] of Object.entries(fields)) if (value !== undefined) given.set(field, String(value));
  const text = given.toString();
  return text === '' ? '' : `?${text}`;
}
