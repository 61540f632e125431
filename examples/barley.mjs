// Actions of barley.yaml.

import { readFileSync } from 'node:fs';

const file = new URL('../node_modules/vega-datasets/data/barley.json', import.meta.url);

/** One element a site, with its harvests. */
export function read() {
  const records = JSON.parse(readFileSync(file, 'utf8'));
  const names = [...new Set(records.map(({ site }) => site))];
  return names.map(name => ({ name, harvests: records.filter(({ site }) => site === name) }));
}

/** Mean bushels an acre, by year. */
export function weigh({ site: { harvests } }) {
  const mean = year => {
    const yields = harvests.filter(harvest => harvest.year === year).map(harvest => harvest.yield);
    return yields.reduce((sum, each) => sum + each, 0) / yields.length;
  };
  return { 1931: mean(1931), 1932: mean(1932) };
}

/** RESULT is what `weigh` returned, in this copy. */
export function compare({ site: { name }, RESULT: mean }) {
  return { site: name, change: Math.round((mean[1932] - mean[1931]) * 10) / 10 };
}

export function report({ RESULT: sites }) {
  return { sites, rose: sites.filter(({ change }) => change > 0).map(({ site }) => site) };
}
