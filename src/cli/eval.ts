// millrace eval: whether a condition holds for given variables. Needs no engine and no folder.

import type { Command } from 'commander';
import { type Ended, exitCodes, Refusal } from './exit.js';
import { print } from './output.js';

const examples = `
Examples:
  millrace eval "result.salary >= 5000 AND name LIKE 'A%'" --vars '{"RESULT": {"salary": 6000}, "name": "Ann"}'
  millrace eval "status IN ('new', 'open') OR retries < 3" --vars @variables.json
  millrace eval 'flag' --vars '{"flag": "true"}'             unknown: a text is not TRUE
  millrace eval 'missing = 1 OR 1/0 > 0' --json              {"value":null}

Prints true, false or unknown; a flow is taken only when its condition is true. With --json unknown is null.
A condition that begins with - stands behind --:  millrace eval -- '-x < 1'
A bad condition is printed with a caret under the character that is wrong.
Exit codes: 0 evaluated, whatever it says; 2 refused (bad condition, variables that are no JSON object).`;

export function addEval(program: Command, ended: Ended): void {
  program
    .command('eval')
    .summary('whether a condition holds for given variables')
    .description('Say whether the condition of a flow holds for given variables: true, false or unknown.')
    .argument('<condition>', "such as: result.age > 20 AND name IN ('a', 'b')")
    .option('--vars <json|@file|->', 'the variables, a JSON object (default: none)')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (text: string, options: { vars?: string; json?: true }) => {
      const value = await evaluated(text, options.vars ?? null);
      print(options.json === true ? JSON.stringify({ value }) : String(value ?? 'unknown'));
      ended(exitCodes.done);
    });
}

/** @throws Refusal for what the user gave */
async function evaluated(text: string, vars: string | null): Promise<boolean | null> {
  const [{ compileCondition, parseCondition }, { formatFault }, { caretLines }] = await Promise.all([
    import('../flow/condition/index.js'),
    import('../workflow/fault.js'),
    import('./caret.js'),
  ]);
  const parsed = parseCondition(text);
  if (!parsed.ok) {
    const { line, column } = parsed.fault;
    const above = text.split('\n').slice(0, line! - 1);
    const position = above.reduce((sum, each) => sum + [...each].length + 1, column!);
    throw new Refusal(caretLines(formatFault(parsed.fault), text, position));
  }
  return compileCondition(parsed.value)(await variablesOf(vars));
}

async function variablesOf(given: string | null): Promise<Readonly<Record<string, unknown>>> {
  const { openInput } = await import('./input-records.js');
  const input = await openInput(given, '--vars');
  for await (const record of input.records(false)) {
    if (input.count === 1) return record;
    break;
  }
  throw new Refusal([`${input.label}: must be one JSON object, found ${input.count ?? 'many'} (INPUT_INVALID)`]);
}
