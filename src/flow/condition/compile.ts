// From tree to closures, once a definition; evaluating is calls and comparisons, and cannot fail.
//
// Invariants:
//   C1. Three-valued: what cannot be said is `null` (unknown), and only `true` takes a flow.
//   C2. Variables are read by own properties alone (../variables.ts).
//   C3. Work is bounded: an evaluation takes at most `stepsMax` steps (some ns each) in texts and lists; what would take
//       more is unknown. So it ends in time whatever instances hold.

import { memberOf, nameIn, type Step, type Variables } from '../variables.js';
import type { ArithmeticStep, ConditionAst, ConditionNode } from './ast.js';
import { compare, isNumber, type Truth } from './compare.js';
import { compileLike } from './like.js';
import { readNumber } from './number.js';

/** Says whether a condition holds for these variables; `null`: unknown. Never throws. */
export type CompiledCondition = (variables: Variables) => Truth;

/** Characters and list elements that one evaluation looks at. */
const stepsMax = 4_000_000;

interface Scope {
  readonly variables: Variables;
  stepsLeft: number;
}

/** A value of JSON, a bigint literal, or `null` for unknown. */
type Evaluate = (scope: Scope) => unknown;

export function compileCondition({ root }: ConditionAst): CompiledCondition {
  if (root === null) return () => true;
  const evaluate = compile(root);
  return variables => truthOf(evaluate({ variables, stepsLeft: stepsMax }));
}

function compile(node: ConditionNode): Evaluate {
  switch (node.kind) {
    case 'literal':
      return () => node.value;
    case 'number':
      return numberLiteral(node.written);
    case 'variable':
      return variable(node.name, node.steps);
    case 'sign':
      return sign(node.operator, compile(node.operand));
    case 'arithmetic':
      return arithmetic(compile(node.first), node.steps);
    case 'comparison': {
      const [left, right] = [compile(node.left), compile(node.right)];
      return scope => compareWithin(scope, node.operator, left(scope), right(scope));
    }
    case 'is-null': {
      const operand = compile(node.operand);
      return scope => (operand(scope) === null) !== node.negated;
    }
    case 'like':
      return negatedIf(node.negated, like(compile(node.operand), node.pattern.value, node.escape?.value ?? ''));
    case 'between':
      return negatedIf(node.negated, between(compile(node.operand), compile(node.low), compile(node.high)));
    case 'in':
      return negatedIf(node.negated, among(compile(node.operand), node.members.map(compile)));
    case 'not':
      return negatedIf(true, compile(node.operand));
    case 'and':
      return every(node.operands.map(compile));
    case 'or':
      return some(node.operands.map(compile));
  }
}

function numberLiteral(written: string): Evaluate {
  const read = readNumber(written);
  if (!read.ok) throw new Error(`"${written}" is no number: a condition is compiled after it was parsed`);
  return () => read.value;
}

function variable(name: string, steps: readonly Step[]): Evaluate {
  return ({ variables }) => {
    const found = nameIn(variables, name);
    let value = found === null ? undefined : variables[found];
    for (const step of steps) value = memberOf(value, step);
    // Infinities and NaN are not of JSON.
    return value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value;
  };
}

function sign(operator: '+' | '-', operand: Evaluate): Evaluate {
  return scope => {
    const value = operand(scope);
    if (!isNumber(value)) return null;
    return operator === '-' ? -value : value;
  };
}

function arithmetic(first: Evaluate, written: readonly ArithmeticStep[]): Evaluate {
  const steps = written.map(({ operator, operand }) => ({ operator, operand: compile(operand) }));
  return scope => {
    let result = first(scope);
    for (const { operator, operand } of steps) {
      const right = operand(scope);
      if (!isNumber(result) || !isNumber(right)) return null;
      result = calculate(operator, Number(result), Number(right));
      if (!Number.isFinite(result)) return null;
    }
    return result;
  };
}

function calculate(operator: ArithmeticStep['operator'], left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
  }
}

function compareWithin(scope: Scope, operator: Parameters<typeof compare>[0], left: unknown, right: unknown): Truth {
  if (typeof left === 'string' && typeof right === 'string' && !takes(scope, Math.min(left.length, right.length)))
    return null;
  return compare(operator, left, right);
}

/** Whether that many more steps may be taken (C3). */
function takes(scope: Scope, steps: number): boolean {
  scope.stepsLeft -= steps;
  return scope.stepsLeft >= 0;
}

function like(operand: Evaluate, pattern: string, escaper: string): Evaluate {
  const compiled = compileLike(pattern, escaper);
  return scope => {
    const value = operand(scope);
    if (value === null) return null;
    if (typeof value !== 'string') return false;
    return takes(scope, value.length * compiled.stepsPerCharacter) ? compiled.matches(value) : null;
  };
}

function between(operand: Evaluate, low: Evaluate, high: Evaluate): Evaluate {
  return scope => {
    const value = operand(scope);
    return both(compareWithin(scope, '>=', value, low(scope)), compareWithin(scope, '<=', value, high(scope)));
  };
}

function among(operand: Evaluate, members: readonly Evaluate[]): Evaluate {
  return scope => {
    const value = operand(scope);
    let found: Truth = false;
    for (const member of members) {
      const isHere = isMember(scope, value, member(scope));
      if (isHere === true) return true;
      if (isHere === null) found = null;
    }
    return found;
  };
}

/** A member that is a list stands for its elements. In an empty one is nothing, not even the unknown. */
function isMember(scope: Scope, value: unknown, member: unknown): Truth {
  if (!Array.isArray(member)) return compareWithin(scope, '=', value, member);
  // An element costs as much as a few characters; texts are compared many characters at a time.
  const steps = 8 + (typeof value === 'string' ? value.length / 16 : 0);
  if (!takes(scope, member.length * steps)) return null;
  let found: Truth = false;
  for (const element of member as readonly unknown[]) {
    const isEqual = compare('=', value, element ?? null);
    if (isEqual === true) return true;
    if (isEqual === null) found = null;
  }
  return found;
}

/** Only true and false are; a text or a number standing alone says nothing. */
function truthOf(value: unknown): Truth {
  return typeof value === 'boolean' ? value : null;
}

function negatedIf(negated: boolean, operand: Evaluate): Evaluate {
  if (!negated) return operand;
  return scope => {
    const truth = truthOf(operand(scope));
    return truth === null ? null : !truth;
  };
}

function both(left: Truth, right: Truth): Truth {
  if (left === false || right === false) return false;
  return left === null || right === null ? null : true;
}

function every(operands: readonly Evaluate[]): Evaluate {
  return scope => {
    let all: Truth = true;
    for (const operand of operands) {
      all = both(all, truthOf(operand(scope)));
      if (all === false) return false;
    }
    return all;
  };
}

function some(operands: readonly Evaluate[]): Evaluate {
  return scope => {
    let any: Truth = false;
    for (const operand of operands) {
      const truth = truthOf(operand(scope));
      if (truth === true) return true;
      if (truth === null) any = null;
    }
    return any;
  };
}
