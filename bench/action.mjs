// The work every contestant does, in whatever thread its jobs run: one small pure function over a real record.
//
// Plain JavaScript, because Millrace loads it in its worker threads by path and the peers call it inline.

/**
 * A score of a film: vowels of its title, weighed takings, votes. An integer below 2^31, never NaN.
 *
 * @param {Record<string, string | number | null>} record one row of movies.json
 * @returns {number}
 */
export function score(record) {
  const title = String(record.Title ?? '');
  let sum = 0;
  for (let at = 0; at < title.length; at++) sum = (sum * 31 + title.charCodeAt(at)) % 1_000_003;
  const takings = Number(record['Worldwide Gross'] ?? 0);
  const votes = Number(record['IMDB Votes'] ?? 0);
  return sum + (Math.trunc(takings / 1_000) % 1_000_003) + (votes % 1_000_003);
}

/**
 * The same after a pause, as if a service had been asked.
 *
 * @param {Record<string, string | number | null>} record
 * @param {number} waitMs
 * @returns {Promise<number>}
 */
export async function scoreLater(record, waitMs) {
  await new Promise(resolve => setTimeout(resolve, waitMs));
  return score(record);
}

/**
 * Always fails; the score is in the message, so that a failed instance can be checked too.
 *
 * @param {Record<string, string | number | null>} record
 * @returns {never}
 */
export function refuse(record) {
  throw new Error(`refused ${score(record)}`);
}

// The same three as `call` actions of Millrace: they get the instance's variables, which are the peers' job data.

/** @param {{ record: Record<string, string | number | null> }} variables */
export function callScore({ record }) {
  return score(record);
}

/** @param {{ record: Record<string, string | number | null>, waitMs: number }} variables */
export function callScoreLater({ record, waitMs }) {
  return scoreLater(record, waitMs);
}

/** @param {{ record: Record<string, string | number | null> }} variables */
export function callRefuse({ record }) {
  return refuse(record);
}

/**
 * The same; counts the turns of a loop.
 *
 * @param {{ record: Record<string, string | number | null>, turn?: number }} variables
 * @param {{ set(name: string, value: unknown): void }} context
 */
export function callTurn({ record, turn = 0 }, { set }) {
  set('turn', turn + 1);
  return score(record);
}

/**
 * The end of a month: what has been closed is the instance's result.
 *
 * @param {{ RESULT: { scheduledAt: string }, closed?: string[] }} variables
 * @param {{ set(name: string, value: unknown): void }} context
 */
export function callClose({ RESULT, closed = [] }, { set }) {
  set('closed', [...closed, RESULT.scheduledAt]);
}

/** @param {{ closed: string[] }} variables */
export function callClosed({ closed }) {
  return closed;
}
