// Which words can be names, and what is told of those that cannot.

import { type Path, quote, type Report } from './fault.js';
import { parseName } from './namespace.js';

/** Of an action, a mutex, an error. */
export function checkWordName(name: string, kind: string, path: Path, report: Report): void {
  if (reachesPrototype(name)) {
    report('NAME_INVALID', path, `the name ${quote(name)} is reserved: every JavaScript object has it`);
  } else if (name !== '' && !/^[\p{L}_](?:[\p{L}\p{M}\p{N}_. -]*[\p{L}\p{M}\p{N}_])?$/u.test(name)) {
    const rule = 'a letter or _ first, then letters, digits, _ - . and spaces within';
    report('NAME_INVALID', path, `${quote(name)} is not a name for ${kind}: ${rule}`);
  } else checkForm(name, 'NAME_INVALID', path, report);
}

export function checkFunctionName(name: string, path: Path, report: Report): void {
  if (reachesPrototype(name)) {
    report('NAME_INVALID', path, `the name ${quote(name)} is reserved: every JavaScript object has it`);
  } else if (name !== '' && !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) {
    report('NAME_INVALID', path, `${quote(name)} is not the name of an exported function`);
  }
}

export function checkVariableName(name: string, path: Path, report: Report): void {
  if (reachesPrototype(name) || name === 'RESULT' || name === 'ERROR') {
    report('NAME_INVALID', path, `the name ${quote(name)} is reserved; give the variable another`);
  } else if (name !== '' && !/^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(name)) {
    const rule = 'a letter or _ first, then letters, digits and _';
    report('NAME_INVALID', path, `${quote(name)} is not a name for a variable: ${rule}`);
  } else checkForm(name, 'NAME_INVALID', path, report);
}

/** The full name of a workflow. */
export function checkFullName(name: string, path: Path, report: Report): void {
  const parsed = parseName(name);
  if (!parsed.ok) report('NAMESPACE_INVALID', path, parsed.fault.message);
  else checkForm(name, 'NAMESPACE_INVALID', path, report);
}

function checkForm(name: string, code: 'NAME_INVALID' | 'NAMESPACE_INVALID', path: Path, report: Report): void {
  if (name.normalize('NFC') !== name) report(code, path, `${quote(name)} is not in Unicode form NFC`);
}

/** Whether looking `name` up in an ordinary object finds something nobody put there. */
function reachesPrototype(name: string): boolean {
  return name in Object.prototype || name === 'prototype';
}
