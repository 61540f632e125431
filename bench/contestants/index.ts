// The contestants by name. Each is loaded only in the child process that runs it.

import type { Contestant } from '../contestant.js';

/** The contestant that is measured against the others. */
export const subjectName = 'millrace';

const loaders: Readonly<Record<string, () => Promise<Contestant>>> = {
  millrace: async () => (await import('./millrace.js')).createMillrace(),
  bullmq: async () => (await import('./bullmq.js')).createBullmq(),
  'graphile-worker': async () => (await import('./graphile-worker.js')).createGraphileWorker(),
  fastify: async () => (await import('./fastify.js')).createFastifyAlone(),
  'pg-boss': async () => (await import('./pg-boss.js')).createPgBoss(),
};

export const contestantNames: readonly string[] = Object.keys(loaders);

/** @throws Error naming the contestants there are */
export async function loadContestant(name: string): Promise<Contestant> {
  const load = loaders[name];
  if (load === undefined) throw new Error(`unknown contestant "${name}"; there are: ${contestantNames.join(', ')}`);
  return load();
}
