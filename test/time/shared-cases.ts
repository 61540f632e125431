// Cases that lie outside the project: in the folder named by MILLRACE_SHARED, else in `shared` beside the project.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../', import.meta.url));
const folder = process.env.MILLRACE_SHARED ?? path.join(project, '..', 'shared');

/** The JSON of a file of that folder, or undefined where there is none. */
export function sharedCases<Cases>(file: string): Cases | undefined {
  const found = path.join(folder, file);
  return existsSync(found) ? (JSON.parse(readFileSync(found, 'utf8')) as Cases) : undefined;
}

/** For the name of a test: why it is skipped. */
export function absent(cases: unknown, file: string): string {
  return cases === undefined ? ` (skipped: no ${file} in ${folder}; name its folder in MILLRACE_SHARED)` : '';
}

/** A case of `timeCasesFile`. */
export interface TimeCase {
  readonly id: number;
  readonly expr: string | null;
  readonly kind: string;
  readonly doubtful?: boolean;
  readonly from?: string;
  readonly next?: string;
  readonly zone?: string;
  readonly monthBase?: number;
}

export const timeCasesFile = 'reference/time-expression-cases.json';
