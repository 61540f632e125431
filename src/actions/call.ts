// The call action: runs a function exported from the user's module, or from one of its branch; what it returns is RESULT.

import { ActionFault, type BuiltInAction } from '../dispatch/action.js';
import { BranchFunction } from './branch-function.js';
import { type ExportedFunction, userModule } from './user-module.js';

export const callAction: BuiltInAction = {
  givesResult: true,
  prepare(planAction) {
    const { action, modulePath, branchModules } = planAction;
    if (action.type !== 'call') throw new Error(`a call action was expected, not ${action.type}`);
    if (modulePath === null && branchModules !== undefined) {
      const found = new BranchFunction(action.function, branchModules);
      return {
        ready: nowMs => (found.isCurrent(nowMs) ? null : found.search(nowMs)),
        run: member => found.run(member.variables(), member.context),
      };
    }
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
