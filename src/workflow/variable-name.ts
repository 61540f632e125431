// Names of variables that users may write.

export const variableNameLengthMax = 200;

/** Keys that reach a prototype, and those that are the engine's to write. */
const refused: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', 'RESULT', 'ERROR']);

/** Whether users may write a variable of this name. Those that begin with `$` are the engine's. */
export function isVariableName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    name.length <= variableNameLengthMax &&
    !name.startsWith('$') &&
    !refused.has(name)
  );
}
