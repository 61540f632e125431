// The process action: runs a program, and gives what it ended with. No shell has part in it: each argument arrives as it is.
//
// RESULT is stored without the output, unless that is asked for: what follows within the transaction sees it all the same.

import { ActionFault, type ActionMember, type BuiltInAction, type PreparedValue } from '../dispatch/action.js';
import { pathFault } from '../workflow/file-pattern.js';
import type { JsonObject, ProcessAction } from '../workflow/model.js';
import { exitCodeRange } from '../workflow/process-checks.js';
import { shown } from './shown.js';
import { type Ended, type Launch, runToEnd, startDetached } from './started-process.js';

/** What a process gets of the engine's environment. */
const passedOn = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'] as const;
const stderrShownMax = 1_000;

interface Prepared {
  readonly launch: (member: ActionMember) => Launch;
  readonly stdin: (member: ActionMember) => string | null;
}

export const processAction: BuiltInAction = {
  givesResult: true,
  prepare({ action }, valueFor) {
    if (action.type !== 'process') throw new Error(`a process action was expected, not ${action.type}`);
    const { launch, stdin } = preparedLaunch(action, valueFor);
    if (action.asynchronous === true) {
      return {
        run: async member => {
          // Off is off for these, too.
          member.processGroups();
          return { pid: await startDetached(launch(member)) };
        },
      };
    }
    const { command, keepOutput = false } = action;
    const isError = errorCodes(action.errorExitCodes ?? []);
    const destroyOn = new Set(action.destroyOn ?? (['timeout'] as const));
    const seen = new WeakMap<ActionMember, JsonObject>();
    return {
      run: async member => {
        const groups = member.processGroups();
        const guard = { signal: member.context.signal, destroyOn, groups };
        const ended = await runToEnd(launch(member), stdin(member), guard);
        const { output, isTruncated } = outputOf(ended);
        const { exitCode, signal } = ended;
        if (isError(exitCode)) throw failed(command, ended, output.stderr ?? '');
        const result = { exitCode, signal, truncated: isTruncated };
        if (keepOutput) return { ...result, ...output };
        seen.set(member, { ...result, ...output });
        return result;
      },
      after: {
        run: member => {
          const result = seen.get(member);
          if (result !== undefined) member.showResult(result);
          seen.delete(member);
        },
      },
    };
  },
};

function preparedLaunch(action: ProcessAction, valueFor: (property: string) => PreparedValue): Prepared {
  const text = (property: string | number): ((member: ActionMember) => string) => {
    const value = typeof property === 'string' ? valueFor(property) : () => property;
    return member => shown(value(member));
  };
  const optional = (property: string | undefined) => (property === undefined ? () => null : text(property));
  const path = (key: 'workingDirectory' | 'stdinFile' | 'stdoutFile' | 'stderrFile') => {
    const given = optional(action[key]);
    return (member: ActionMember): string | null => checkedPath(key, given(member));
  };
  const args = (action.arguments ?? []).map(text);
  const variables = Object.entries(action.environment ?? {}).map(([name, value]) => [name, text(value)] as const);
  const [folder, stdin, stdout, stderr] = [
    path('workingDirectory'),
    path('stdinFile'),
    path('stdoutFile'),
    path('stderrFile'),
  ];
  return {
    launch: member => ({
      command: action.command,
      arguments: args.map(each => each(member)),
      workingDirectory: folder(member) ?? undefined,
      environment: {
        ...inherited(),
        ...Object.fromEntries(variables.map(([name, value]) => [name, value(member)])),
      },
      files: { stdin: stdin(member), stdout: stdout(member), stderr: stderr(member) },
    }),
    stdin: optional(action.stdin),
  };
}

function checkedPath(key: string, path: string | null): string | null {
  const fault = path === null ? null : pathFault(path);
  if (fault !== null) throw new ActionFault('ProcessInvalid', `${key} is ${JSON.stringify(path)}: ${fault}`);
  return path;
}

function inherited(): { readonly [name: string]: string } {
  return Object.fromEntries(
    passedOn.flatMap(name => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function errorCodes(listed: readonly (number | string)[]): (exitCode: number) => boolean {
  const ranges = listed.map(each => (typeof each === 'number' ? ([each, each] as const) : exitCodeRange(each)!));
  return exitCode => ranges.some(([from, to]) => from <= exitCode && exitCode <= to);
}

function outputOf({ stdout, stderr }: Ended): {
  readonly output: { readonly stdout?: string; readonly stderr?: string };
  readonly isTruncated: boolean;
} {
  const out = stdout?.end();
  const err = stderr?.end();
  const output = {
    ...(out === undefined ? {} : { stdout: out.text }),
    ...(err === undefined ? {} : { stderr: err.text }),
  };
  return { output, isTruncated: out?.isTruncated === true || err?.isTruncated === true };
}

function failed(command: string, { exitCode, signal }: Ended, stderr: string): ActionFault {
  const said = stderr.trim().slice(-stderrShownMax);
  const by = signal === null ? '' : ` (${signal})`;
  return new ActionFault('ProcessFailed', `"${command}" ended with exit code ${exitCode}${by}${said && `: ${said}`}`);
}
