// Actions of the scenarios about flows: each writes down where it was, so that the way of an instance is its result.

import { setTimeout as sleep } from 'node:timers/promises';

const been = ({ way = [] }, { action, set }) => {
  const next = [...way, action];
  set('way', next);
  return next;
};

/** Fails in the actions that `fails` names, after it has written. Its result: where the instance was, and `gives`. */
export const mark = (variables, context) => {
  const way = been(variables, context);
  if (variables.fails?.includes(context.action)) {
    context.sendToAuditTrail('Marked', context.action);
    throw Object.assign(new Error(`${context.action} fails`), { code: 'Marked' });
  }
  const { ERROR } = variables;
  return { way, ...variables.gives, ...(ERROR === undefined ? {} : { error: { ...ERROR, stack: typeof ERROR.stack } }) };
};
/** Fails in its first two attempts of a transaction. */
export const thirdTime = (variables, context) => {
  const way = been(variables, context);
  if (context.attempt <= (variables.failures ?? 2)) throw new Error(`attempt ${context.attempt}`);
  return { way };
};
export const turn = ({ RESULT }) => ({ turn: (RESULT?.turn ?? 0) + 1 });
/** Ends when its signal says so. */
export const heeds = (variables, context) => {
  been(variables, context);
  return new Promise((_, reject) => context.signal.addEventListener('abort', () => reject(new Error('heard'))));
};
/** Does not heed its signal, and ends within its grace. */
export const late = async (variables, context) => {
  const way = been(variables, context);
  await sleep(60);
  return { way };
};
/** Only the end of its thread ends it. */
export const deaf = (variables, context) => {
  been(variables, context);
  return new Promise(() => {});
};
/** Ends its thread. */
export const exits = (variables, context) => {
  been(variables, context);
  process.exit(3);
};
/** Fails beside its promise; what it does afterwards concerns nobody. */
export const strays = async (variables, context) => {
  been(variables, context);
  setImmediate(() => {
    throw new Error('stray');
  });
  await sleep(30);
  context.set('way', ['nowhere']);
};
/** Whether the signal it is given is its own. */
export const signalled = (_, { signal }) => ({ aborted: signal.aborted });
/** Fails until it has been there three times: what it wrote before is kept. */
export const failsEarly = (variables, context) => {
  const way = been(variables, context);
  if (way.length < 3) throw new Error(`${way.length}`);
  return { way };
};
