// What the checker must know of a workflow: its actions, where they lead, where transactions break. Read from the
// definition by rules of its own, so that a fault in the engine's compiler is not repeated here.

/** The part of a definition that matters; what the engine takes fits. */
export interface Definition {
  readonly name: string;
  readonly actions: readonly {
    readonly name: string;
    readonly type: string;
    readonly start?: boolean;
    readonly transactionBreak?: boolean;
    readonly retry?: { readonly retries?: number };
  }[];
  readonly flows: readonly { readonly from: string; readonly to: string }[];
}

export interface ActionShape {
  /** Actions its flows lead to; none: the flow context ends here. */
  readonly next: readonly string[];
  /** Reaching it commits what came before. */
  readonly isBreak: boolean;
  /** It writes to the ledger each time it executes. */
  readonly hasEffect: boolean;
  /** Attempts of a transaction this action may fail before the instance is FAILED. */
  readonly attemptMax: number;
}

export interface WorkflowShape {
  readonly name: string;
  readonly start: string;
  readonly actions: ReadonlyMap<string, ActionShape>;
}

/** Every `call` action is taken to write to the ledger, no other. */
export function shapeOf(definition: Definition): WorkflowShape {
  const first = definition.actions.find(action => action.start) ?? definition.actions[0];
  if (first === undefined) throw new Error(`${definition.name} has no actions`);
  return {
    name: definition.name,
    start: first.name,
    actions: new Map(
      definition.actions.map(action => [
        action.name,
        {
          next: definition.flows.filter(flow => flow.from === action.name).map(flow => flow.to),
          isBreak: action.transactionBreak === true || action.type === 'null',
          hasEffect: action.type === 'call',
          attemptMax: (action.retry?.retries ?? 5) + 1,
        },
      ]),
    ),
  };
}

/** A transaction that has finished `action` is complete: what follows is a break, or nothing. */
export function completesTransaction(shape: WorkflowShape, action: string): boolean {
  return shape.actions.get(action)?.next.every(next => shape.actions.get(next)?.isBreak) ?? false;
}
