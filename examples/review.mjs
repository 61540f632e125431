// Actions of review.yaml. Each looks at a film of vega-datasets' movies.json from one side, from 0 to 1; null: not known.

export const critics = film => share(film['Rotten Tomatoes Rating'], 100);
export const viewers = film => share(film['IMDB Rating'], 10);

/** 1 when it earned five times what it cost. */
export function money(film) {
  const [gross, cost] = [film['Worldwide Gross'], film['Production Budget']];
  return gross > 0 && cost > 0 ? Math.min(1, gross / cost / 5) : null;
}

/** @param {{ RESULT: { critics: number | null, viewers: number | null, money: number | null } }} variables */
export function verdict({ Title, RESULT: sides }) {
  const known = Object.values(sides).filter(side => side !== null);
  const mean = known.reduce((sum, side) => sum + side, 0) / known.length;
  return { title: Title, sides, verdict: known.length === 0 ? 'unknown' : mean >= 0.6 ? 'see it' : 'leave it' };
}

function share(rating, most) {
  return typeof rating === 'number' ? rating / most : null;
}
