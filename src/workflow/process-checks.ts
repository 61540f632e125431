// What is wrong with a process action by itself. What is substituted is checked when the action runs, by the same words.

import { isPlainObject } from './conform.js';
import { type Path, quote, type Report } from './fault.js';
import { pathFault } from './file-pattern.js';
import type { Action } from './model.js';

type Written = { readonly [key: string]: unknown };

const paths = ['workingDirectory', 'stdinFile', 'stdoutFile', 'stderrFile'] as const;
const ofThoseWaitedFor = ['stdin', 'errorExitCodes', 'destroyOn', 'keepOutput'] as const;
const exitCodeMax = 255;

export function checkProcess(action: Written, path: Path, report: Report): void {
  const refuse = (key: string, message: string): void => report('PROCESS_INVALID', [...path, key], message);
  if (typeof action.command === 'string') {
    const fault = commandFault(action.command);
    if (fault !== null) refuse('command', `found ${quote(action.command)}: ${fault}`);
  }
  for (const key of paths) {
    const file = action[key];
    if (typeof file !== 'string' || file.includes('${')) continue;
    const fault = pathFault(file);
    if (fault !== null) refuse(key, `found ${quote(file)}: ${fault}`);
  }
  if (action.stdin !== undefined && action.stdinFile !== undefined) {
    report('PROCESS_INVALID', [...path, 'stdinFile'], 'a process has stdin or stdinFile, not both', 'key');
  }
  if (isPlainObject(action.environment)) {
    checkEnvironment(action.environment, [...path, 'environment'], report);
  }
  if (Array.isArray(action.errorExitCodes)) {
    for (const [at, code] of action.errorExitCodes.entries()) {
      if (typeof code !== 'string' || exitCodeRange(code) !== null) continue;
      const message = `found ${quote(code)}, accepted is a range within 0 and ${exitCodeMax}: 1-255`;
      report('PROCESS_INVALID', [...path, 'errorExitCodes', at], message);
    }
  }
  if (action.asynchronous !== true) return;
  for (const key of ofThoseWaitedFor) {
    if (action[key] === undefined) continue;
    report('PROCESS_INVALID', [...path, key], `a process with asynchronous: true has no ${key}`, 'key');
  }
}

function checkEnvironment(environment: Written, path: Path, report: Report): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      const message = `found ${quote(name)}, accepted are letters, digits and _, not a digit first`;
      report('PROCESS_INVALID', [...path, name], message, 'key');
    } else if (typeof value !== 'string' && typeof value !== 'number') {
      report('PROCESS_INVALID', [...path, name], 'accepted is a text or a number');
    }
  }
}

/** What is wrong with the program's name or path; `null`: nothing. */
export function commandFault(command: string): string | null {
  if (command.includes('${')) return 'nothing is substituted in a command; give the value as an argument';
  if (command.includes('\0')) return 'it holds a NUL character';
  if (!command.includes('/')) return command.trim() === '' ? 'it names no program' : null;
  if (!command.startsWith('/')) return 'accepted is an absolute path, or a name that is looked for in PATH';
  if (/^\/+(?:proc|dev)\//.test(command)) return 'accepted is the path of a program, not of a device or process';
  return pathFault(command);
}

/** The ends of `64-255`; `null`: it is no range of exit codes. */
export function exitCodeRange(text: string): readonly [number, number] | null {
  const [, from, to] = /^(\d{1,3})-(\d{1,3})$/.exec(text) ?? [];
  if (from === undefined || to === undefined) return null;
  const range = [Number(from), Number(to)] as const;
  return range[0] <= range[1] && range[1] <= exitCodeMax ? range : null;
}

/** Whether it is a program that is waited for, and that this ends. */
export function isDestroyedBy(action: Action, cause: 'interrupt' | 'signal'): boolean {
  return action.type === 'process' && action.asynchronous !== true && action.destroyOn?.includes(cause) === true;
}
