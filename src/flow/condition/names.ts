// Which variables a condition looks at.

import type { ConditionAst, ConditionNode } from './ast.js';

/** Names of variables, as written. `RESULT` and `result` are one variable, told by the former. */
export function namesOf({ root }: ConditionAst): ReadonlySet<string> {
  const names = new Set<string>();
  if (root !== null) gather(root, names);
  return names;
}

function gather(node: ConditionNode, names: Set<string>): void {
  switch (node.kind) {
    case 'literal':
    case 'number':
      return;
    case 'variable':
      names.add(node.name === 'result' ? 'RESULT' : node.name);
      return;
    case 'sign':
    case 'is-null':
    case 'like':
    case 'not':
      gather(node.operand, names);
      return;
    case 'arithmetic':
      gather(node.first, names);
      for (const { operand } of node.steps) gather(operand, names);
      return;
    case 'comparison':
      gather(node.left, names);
      gather(node.right, names);
      return;
    case 'between':
      for (const part of [node.operand, node.low, node.high]) gather(part, names);
      return;
    case 'in':
      for (const part of [node.operand, ...node.members]) gather(part, names);
      return;
    case 'and':
    case 'or':
      for (const operand of node.operands) gather(operand, names);
      return;
  }
}
