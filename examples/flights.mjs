// Scores flight records such as those of vega-datasets: {date, delay, distance, origin, destination}, where `delay` is
// minutes late at arrival (negative: early) and `distance` is in miles.

/** Minutes to taxi, climb and land, whatever the distance. */
const groundMinutes = 40;
/** Cruising speed, miles a minute. */
const cruiseMilesPerMinute = 7.7;

/**
 * How well a flight kept its schedule.
 *
 * A delay weighs by the time the flight should have taken, so twenty minutes are worse on a short hop. Delays gather
 * over a day: half a point is given back for each hour of departure after six.
 *
 * @param {{ date: string, delay: number, distance: number, origin: string, destination: string }} flight
 */
export function score(flight) {
  const { date, delay, distance, origin, destination } = flight;
  const [, hourText, minuteText] = /(\d{2}):(\d{2})(?::\d{2})?$/.exec(String(date)) ?? [];
  if (hourText === undefined) throw new Error(`flight ${origin}-${destination}: no time of day in date "${date}"`);
  if (!Number.isFinite(delay)) throw new Error(`flight ${origin}-${destination}: delay is "${delay}", not minutes`);
  if (!(distance > 0)) throw new Error(`flight ${origin}-${destination}: distance is "${distance}", not miles`);

  const plannedMinutes = groundMinutes + distance / cruiseMilesPerMinute;
  const lateness = Math.max(0, delay) / plannedMinutes;
  const hour = Number(hourText) + Number(minuteText) / 60;
  const eased = 100 * Math.exp(-lateness) + 0.5 * Math.max(0, hour - 6) * Math.min(1, lateness);
  const points = Math.round(Math.min(100, eased) * 10) / 10;
  return {
    route: `${origin}-${destination}`,
    plannedMinutes: Math.round(plannedMinutes),
    points,
    grade: points >= 90 ? 'A' : points >= 75 ? 'B' : points >= 50 ? 'C' : 'D',
  };
}

/**
 * Puts the worst flights on record, as an audit event of our own, and passes the score on as the result.
 *
 * @param {{ RESULT: ReturnType<typeof score> }} variables `RESULT` is what the action before returned
 * @param {import('millrace').CallContext} context
 */
export function publish({ RESULT: scored }, context) {
  if (scored.grade === 'D') context.sendToAuditTrail('FlightGradedD', `${scored.route}: ${scored.points} points`);
  return scored;
}
