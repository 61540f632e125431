// Actions of tree.yaml. flare.json is a list of nodes, each with the id of its parent; those with a size are files.

import { readFileSync } from 'node:fs';

const nodes = JSON.parse(readFileSync(new URL('../node_modules/vega-datasets/data/flare.json', import.meta.url), 'utf8'));
const outermost = nodes.find(({ parent }) => parent === undefined);

export function open({ package: opened = outermost }, { set }) {
  const children = nodes.filter(({ parent }) => parent === opened.id);
  const files = children.filter(({ size }) => size !== undefined);
  set('files', { count: files.length, size: files.reduce((sum, { size }) => sum + size, 0) });
  return children.filter(({ size }) => size === undefined).map(({ id, name }) => ({ id, name }));
}

/** RESULT: what `weigh` returned in each of the packages in this one. */
export function weigh({ package: { name } = outermost, files, RESULT: inner }) {
  const sum = (start, key) => inner.reduce((all, each) => all + each[key], start);
  return { name, files: sum(files.count, 'files'), size: sum(files.size, 'size') };
}
