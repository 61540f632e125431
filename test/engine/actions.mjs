// Actions of the engine's scenario tests. They talk to the test over a BroadcastChannel: it is told what ran, and opens
// gates that hold actions, so that no test sleeps.

import { BroadcastChannel } from 'node:worker_threads';

const channel = new BroadcastChannel('millrace-engine-test');
channel.unref();
const waiting = new Map();
channel.onmessage = ({ data }) => {
  if (data.kind !== 'open') return;
  for (const open of waiting.get(data.gate) ?? []) open();
  waiting.delete(data.gate);
};

const tell = (variables, { instance, action, attempt, idempotencyKey }) =>
  channel.postMessage({ kind: 'ran', atMs: Date.now(), instance, action, attempt, idempotencyKey, tag: variables.tag ?? null });

/** Tells the test that it is here and goes on when the test opens the gate its input names. */
const pass = (gate, context) =>
  new Promise((resolve, reject) => {
    waiting.set(gate, [...(waiting.get(gate) ?? []), resolve]);
    context.signal.addEventListener('abort', () => reject(context.signal.reason));
    channel.postMessage({ kind: 'arrived', gate, instance: context.instance });
  });

export const echo = (variables, context) => {
  tell(variables, context);
  return variables;
};
/** Who it runs as. */
export const whoAmI = (_, { user }) => ({ user });
/** RESULT grows by one, and the variable `seen` with it. */
export const count = (variables, context) => {
  const next = (variables.RESULT?.count ?? 0) + 1;
  context.set('seen', [...(variables.seen ?? []), context.action]);
  return { count: next };
};
/** Held by `gate`, but only in the action named `holdIn` when the input names one. */
export const gated = async (variables, context) => {
  if (variables.holdIn === undefined || variables.holdIn === context.action) await pass(variables.gate, context);
  tell(variables, context);
  return { action: context.action, n: variables.n ?? null };
};
/** Fails in its first `fails` attempts of the action named `failIn` (or of any). */
export const flaky = (variables, context) => {
  tell(variables, context);
  const mayFail = variables.failIn === undefined || variables.failIn === context.action;
  if (mayFail && context.attempt <= (variables.fails ?? 0)) {
    throw Object.assign(new Error(`attempt ${context.attempt} of ${variables.n ?? 0}`), { code: 'Flaky' });
  }
  return { attempt: context.attempt };
};
/** Fails as long as the gate has not been opened. */
export const broken = async (variables, context) => {
  tell(variables, context);
  if (variables.holds === true) await pass(variables.gate, context);
  throw new Error('broken');
};
const runs = new Map();
/** Fails in its first `fails` runs, recovered or not; then waits at its gate, if it has one. */
export const mended = async (variables, context) => {
  const run = (runs.get(context.instance) ?? 0) + 1;
  runs.set(context.instance, run);
  if (run <= variables.fails) throw Object.assign(new Error(`run ${run} of ${variables.n}`), { code: 'Broken' });
  if (variables.gate !== undefined) await pass(variables.gate, context);
  return run;
};
/** Ends only when its signal says so. */
export const endless = (variables, context) => {
  tell(variables, context);
  return new Promise((_, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason)));
};
export const slowOrFailing = (variables, context) =>
  variables.slow === true ? endless(variables, context) : flaky({ ...variables, fails: 99 }, context);
export const nothing = () => undefined;
export const told = (variables, { sendToAuditTrail }) => {
  for (const name of variables.events) sendToAuditTrail(name, `${name} of ${variables.n ?? 0}`);
  return variables.events.length;
};
export const throwsLate = (variables, context) => {
  setImmediate(() => {
    channel.postMessage({ kind: 'arrived', gate: variables.gate, instance: context.instance });
    throw new Error(`late ${variables.n}`);
  });
  return variables.n;
};
/** Heeds no signal: only the end of its thread ends it. */
export const deaf = (variables, context) => {
  tell(variables, context);
  if (variables.gate !== undefined) channel.postMessage({ kind: 'arrived', gate: variables.gate, instance: context.instance });
  return variables.deaf === true ? new Promise(() => {}) : 'heard';
};
/** Asks the server at `url` to remove its own instance. */
export const removesItself = async ({ url, force = false }, { instance }) => {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ target: instance, force });
  const { status } = await fetch(`${url}/v1/operations/remove`, { method: 'POST', headers, body });
  return { status };
};
export const alwaysFails = () => {
  throw new Error('always');
};
/** Held by `gate`, whatever its signal says. */
export const deafGated = async (variables, context) => {
  await pass(variables.gate, { instance: context.instance, signal: new AbortController().signal });
  return echo(variables, context);
};
/** Held by a gate of its own in each action: `gate` in the action `work`, `gate` and the action's name in others. */
export const works = (variables, context) => {
  const gate = context.action === 'work' ? variables.gate : `${variables.gate} ${context.action}`;
  return gated({ gate }, context);
};
