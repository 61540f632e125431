// Scripts as actions, and before and after them. Where they run is decided when a plan is prepared: an action without
// scripts stays as it is and pays nothing.

import type { ScriptFlowContext, ScriptLanguage, ScriptOutcome } from '../../script/contract.js';
import type { Action } from '../../workflow/model.js';
import { writtenScript } from '../../workflow/script-checks.js';
import { ActionFault, type ActionMember, type PlacedAction, type PlaceScript } from '../action.js';

/** @param languages by name; `null`: scripts are off, and whatever needs one fails */
export function scriptPlacer(languages: ReadonlyMap<string, ScriptLanguage> | null): PlaceScript {
  return ({ language: name, text }, what) => {
    if (languages === null) {
      const message = `${what} is not run: this engine runs no scripts (option "scripts", --scripts)`;
      return failing(new ActionFault('ScriptsDisabled', message));
    }
    const language = languages.get(name);
    if (language === undefined) {
      return failing(
        new ActionFault('ScriptLanguageUnknown', `${what} is written in "${name}", which is not known here`),
      );
    }
    return {
      ready: () => language.ready(),
      run: member => resultOf(language.run(text, flowContextOf(member)), what),
    };
  };
}

/** The action with the scripts that its definition puts beside it. */
export function withScripts(action: Action, placed: PlacedAction, placeScript: PlaceScript): PlacedAction {
  const { prescript, postscript } = action;
  if (prescript === undefined && postscript === undefined) return placed;
  const before = prescript === undefined ? null : placeScript(writtenScript(prescript), 'the prescript');
  return {
    ready: nowMs => before?.ready?.(nowMs) ?? placed.ready?.(nowMs) ?? null,
    run: member => {
      before?.run(member);
      return placed.run(member);
    },
    ...afterBoth(
      placed.after,
      postscript === undefined ? undefined : placeScript(writtenScript(postscript), 'the postscript'),
    ),
  };
}

/** The action's own first: what it shows of its result the script sees, too. */
function afterBoth(own: PlacedAction | undefined, script: PlacedAction | undefined): Pick<PlacedAction, 'after'> {
  if (own === undefined || script === undefined) {
    const only = own ?? script;
    return only === undefined ? {} : { after: only };
  }
  return {
    after: {
      ready: nowMs => script.ready?.(nowMs) ?? null,
      run: member => {
        own.run(member);
        script.run(member);
      },
    },
  };
}

function failing(fault: ActionFault): PlacedAction {
  return {
    run: () => {
      throw fault;
    },
  };
}

/** @throws {ActionFault} with the outcome's code */
function resultOf(outcome: ScriptOutcome, what: string): unknown {
  if (outcome.ok) return JSON.parse(outcome.value);
  const { code, message, place } = outcome;
  const where = place === null ? what : `${what}, line ${place.line}, column ${place.column}`;
  throw new ActionFault(code, `${where}: ${message}`);
}

function flowContextOf(member: ActionMember): ScriptFlowContext {
  const { context } = member;
  return {
    workflow: context.workflow,
    instance: context.instance,
    user: context.user,
    action: context.action,
    attempt: context.attempt,
    variablesText: () => JSON.stringify(member.variables()),
    set: context.set,
    setWorkflow: context.setWorkflow,
    log: message => context.log.info(message),
    sendToAuditTrail: context.sendToAuditTrail,
  };
}
