// The problem an error is told as, wherever it is told. A fault of our own tells the client nothing but an id; what it
// says is in the engine's log under that id.

import type { Service } from './app.js';
import { problemOf } from './problems.js';
import type { Problem } from './schema/problem.js';

export function toldProblem({ ids, failed }: Pick<Service, 'ids' | 'failed'>, error: unknown): Problem {
  const problem = problemOf(error);
  if (problem.code !== 'INTERNAL') return problem;
  const id = ids.next();
  failed(error, id);
  return { ...problem, detail: `${problem.detail}; its log tells more under ${id}`, instance: `urn:uuid:${id}` };
}
