// The script action: runs the text of the definition in the sandbox of its language; the script's value is RESULT.

import type { BuiltInAction } from '../dispatch/action.js';
import { writtenScript } from '../workflow/script-checks.js';

export const scriptAction: BuiltInAction = {
  givesResult: true,
  prepare({ action }, _, placeScript) {
    if (action.type !== 'script') throw new Error(`a script action was expected, not ${action.type}`);
    return placeScript(writtenScript(action), 'the script');
  },
};
