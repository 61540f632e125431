// The real records the instances carry (the films of vega-datasets), and the action that runs over them.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** One row of movies.json: about 350 bytes of JSON. */
export type FilmRecord = { readonly [column: string]: string | number | null };

/** What action.mjs exports. */
export type Actions = typeof import('./action.mjs');

/** The folder of package.json, both from the sources and from dist/. */
export const packageRoot = findPackageRoot(path.dirname(fileURLToPath(import.meta.url)));

/** Absolute path of the module with the actions: plain JavaScript, not compiled into dist/. */
export const actionPath = path.join(packageRoot, 'bench', 'action.mjs');

export async function loadActions(): Promise<Actions> {
  return (await import(pathToFileURL(actionPath).href)) as Actions;
}

/** The films; instance `i` carries `films[i % films.length]`. */
export function loadFilms(): readonly FilmRecord[] {
  // By path: the package does not export its data files.
  const file = path.join(packageRoot, 'node_modules', 'vega-datasets', 'data', 'movies.json');
  return JSON.parse(readFileSync(file, 'utf8')) as FilmRecord[];
}

function findPackageRoot(folder: string): string {
  const isRoot = path.basename(folder) !== 'dist' && path.basename(folder) !== 'bench';
  return isRoot ? folder : findPackageRoot(path.dirname(folder));
}
