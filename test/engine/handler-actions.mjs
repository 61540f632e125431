// Actions of the scenarios about error handlers: what they were given is told over the channel of `actions.mjs`.

import { BroadcastChannel } from 'node:worker_threads';

const channel = new BroadcastChannel('millrace-engine-test');
channel.unref();

const tell = (tag, { instance, action, attempt, idempotencyKey }) =>
  channel.postMessage({ kind: 'ran', atMs: Date.now(), instance, action, attempt, idempotencyKey, tag });

/** Fails in the first `fails` attempts of its transaction, with the code the input names. */
export const failing = (variables, context) => {
  tell(null, context);
  if (context.attempt <= (variables.fails ?? 0)) {
    context.set('halfDone', true);
    throw Object.assign(new Error(`attempt ${context.attempt}`), { code: variables.code ?? 'Broken' });
  }
  return { attempt: context.attempt, first: variables.first ?? null, halfDone: variables.halfDone ?? null };
};
/** Tells what the handler sees. */
export const noted = (variables, context) => {
  const { ERROR, first, halfDone } = variables;
  tell(JSON.stringify({ ...ERROR, stack: typeof ERROR.stack, first, halfDone }), context);
  return 'of the handler';
};
/** Fails inside of the handler in its first attempts. */
export const clumsy = (variables, context) => {
  tell(JSON.stringify({ attempt: variables.ERROR.attempt }), context);
  if (context.attempt <= (variables.clumsy ?? 0)) throw Object.assign(new Error('clumsy'), { code: 'Clumsy' });
};
export const first = (_, context) => {
  context.set('first', 'kept');
  return 1;
};
export const exits = (variables, context) => {
  tell(null, context);
  process.exit(3);
};

const waiting = new Map();
channel.onmessage = ({ data }) => {
  if (data.kind === 'open') for (const open of waiting.get(data.gate) ?? []) open();
};
/** Held until the test opens the gate. */
export const held = (variables, context) =>
  new Promise(resolve => {
    waiting.set(variables.gate, [...(waiting.get(variables.gate) ?? []), resolve]);
    channel.postMessage({ kind: 'arrived', gate: variables.gate, instance: context.instance });
  });
