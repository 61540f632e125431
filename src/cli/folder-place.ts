// A data folder as a place that commands look at.

import type { Engine } from '../engine/engine.js';
import type { Place } from './place.js';

export function folderPlace(engine: Engine, folder: string, hint: string): Place {
  return {
    hint,
    words: `in ${folder}`,
    isRunning: false,
    count: scope => engine.count(scope),
    show: name => engine.show(name),
    why: name => engine.why(name),
    export: name => engine.export(name),
    workflows: async name => (await engine.reads.workflowPage(name, null, Number.MAX_SAFE_INTEGER)).workflows,
    workflow: (name, version) => engine.reads.workflow(name, version),
    deploy: (definition, baseFolder) => engine.deploy(definition, baseFolder),
    copyWorkflow: copy => engine.copyWorkflow(copy),
    forecast: query => engine.reads.forecast(query),
    operate: (operation, target, options) => engine[operation](target, options),
    rename: (target, options) => engine.rename(target, options),
    publish: message => engine.publish(message),
    signal: (change, target, name, options) => engine[`${change}Signal`](target, name, options),
    runs: async (scope, state, after, limit) => {
      const { runs: entries, next } = await engine.reads.runPage(scope, state, after, limit);
      return { entries, next };
    },
    averages: async (scope, after, limit) => {
      const { averages: entries, next } = await engine.reads.averagePage(scope, after, limit);
      return { entries, next };
    },
    executions: async (instance, after, limit) => {
      const { executions: entries, next } = await engine.reads.executionPage(instance, after, limit);
      return { entries, next };
    },
    clearRuns: scope => engine.clearRunHistory(scope),
    configuration: query => engine.configuration.show(query),
    setProperty: (setting, options) => engine.configuration.set(setting, options),
    unsetProperty: (name, options) => engine.configuration.unset(name, options),
    auditPage: async ({ instance, ...filter }, after, order, limit) => {
      const own = instance === undefined ? {} : { instance: await engine.reads.idOf(instance) };
      const { events, next, isEnd } = await engine.reads.auditPage({ ...filter, ...own }, after, order, limit);
      return { events: events.map(({ record }) => record), next, isEnd };
    },
  };
}
