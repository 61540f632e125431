// The call action: runs a function exported from the user's module; what it returns is RESULT.

import { ActionFault, type BuiltInAction } from '../dispatch/action.js';
import { type ExportedFunction, UserModule } from './user-module.js';

const modules = new Map<string, UserModule>();

/** One `UserModule` a path, so that a thousand places naming it look at the file once a second together. */
function userModule(path: string): UserModule {
  let module = modules.get(path);
  if (module === undefined) {
    module = new UserModule(path);
    modules.set(path, module);
  }
  return module;
}

export const callAction: BuiltInAction = {
  givesResult: true,
  prepare(planAction) {
    const { action, modulePath } = planAction;
    if (action.type !== 'call') throw new Error(`a call action was expected, not ${action.type}`);
    if (modulePath === null) {
      const fault = new ActionFault('ActionModuleNotFound', `action "${action.name}" names no module`);
      return { run: () => Promise.reject(fault) };
    }
    const module = userModule(modulePath);
    const name = action.function;
    let version = -1;
    let run: ExportedFunction | null = null;
    return {
      ready: nowMs => (module.isCurrent(nowMs) ? null : module.load()),
      run: member => {
        if (run === null || version !== module.version) {
          run = module.find(name);
          version = module.version;
        }
        return run(member.variables(), member.context);
      },
    };
  },
};
