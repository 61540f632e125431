// Instants as definitions write them.

/**
 * Milliseconds since 1970 of an ISO 8601 instant with its offset, `2026-03-01T09:00:00+01:00`; seconds and their parts may be
 * left out. `null` when it is none.
 */
export function parseInstant(text: string): number | null {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/.exec(text);
  if (found === null) return null;
  const [, date, time, seconds = ':00', offset] = found;
  const localMs = Date.parse(`${date}T${time}${seconds}Z`);
  // 30 February is taken for 2 March.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(`${date}T${time}`)) return null;
  return Date.parse(`${date}T${time}${seconds}${offset}`);
}

/** What `parseInstant` takes, for messages. */
export const instantForm = 'an instant such as 2026-03-01T09:00:00+01:00 or 2026-03-01T08:00:00Z';
