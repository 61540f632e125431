// GET, PUT and DELETE /v1/configuration: what holds, and what is set by operation.

import { type App, problemResponses, type Service, userOf } from '../app.js';
import {
  ConfigurationQuery,
  SettingRequest,
  SettingResult,
  ShownConfiguration,
  UnsetQuery,
} from '../schema/configuration.js';
import { CallHeaders } from '../schema/fields.js';

const url = '/v1/configuration';

export function configurationRoutes(app: App, { engine }: Service): void {
  app.get(
    url,
    {
      schema: {
        operationId: 'showConfiguration',
        summary: 'What the runtime configuration says, or what holds for a branch, and who says it',
        querystring: ConfigurationQuery,
        response: { 200: ShownConfiguration, ...problemResponses },
      },
    },
    ({ query }) => engine.configuration.show(query),
  );

  app.put(
    url,
    {
      schema: {
        operationId: 'setProperty',
        summary: 'Set a property of a branch, over what the file says',
        headers: CallHeaders,
        body: SettingRequest,
        response: { 200: SettingResult, ...problemResponses },
      },
    },
    request => {
      const { dryRun = false, ...setting } = request.body;
      return engine.configuration.set(setting, { ...by(userOf(request)), dryRun });
    },
  );

  app.delete(
    url,
    {
      schema: {
        operationId: 'unsetProperty',
        summary: 'Take away what was set: what the file says holds again',
        headers: CallHeaders,
        querystring: UnsetQuery,
        response: { 200: SettingResult, ...problemResponses },
      },
    },
    request => {
      const { dryRun, ...name } = request.query;
      return engine.configuration.unset(name, { ...by(userOf(request)), dryRun: dryRun === 'true' });
    },
  );
}

function by(user: string | undefined): { readonly user?: string } {
  return user === undefined ? {} : { user };
}
