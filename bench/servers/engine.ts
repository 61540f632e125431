// An engine in a process of its own: one of several that share a round's work, or a stopped one that serves HTTP.

import { serve } from '../../src/api/service.js';
import { createEngine, type EngineOptions } from '../../src/engine/index.js';
import { groupOf } from '../ended-group.js';
import { scenarioNamed } from '../scenarios/index.js';
import { serveParent, tellParent } from './forked.js';

export interface EngineJob {
  readonly scenario: string;
  /** `execute`: it runs what is ready. `serve`: it takes submits over HTTP and runs nothing. */
  readonly role: 'execute' | 'serve';
  readonly options: EngineOptions;
}

await serveParent(async ({ scenario: name, role, options }: EngineJob) => {
  const engine = await createEngine(options);
  if (role === 'serve') {
    const { url, close } = await serve(engine, { port: 0 });
    return {
      url,
      close: async () => {
        await close(0);
        await engine.dispose();
      },
    };
  }
  const scenario = scenarioNamed(name);
  engine.onEnded(ended => tellParent({ kind: 'ended', group: groupOf(scenario, ended) }));
  await engine.start();
  return { url: null, close: () => engine.dispose() };
});
