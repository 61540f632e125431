// Actions of the pattern workflows. They tell the test when they begin and end, and some are held until it lets them go
// on: what must happen meanwhile is then seen to happen, and no test sleeps.

import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';

const channel = new BroadcastChannel('millrace-patterns');
channel.unref();
const waiting = new Map();
channel.onmessage = ({ data }) => {
  if (data.kind !== 'open') return;
  waiting.get(data.run)?.();
  waiting.delete(data.run);
};

/** Tells that the action has begun; what is returned tells that it has ended. */
const begin = ({ index }, { instance, action }, isHeld) => {
  const run = randomUUID();
  // A copy of a for-each has an index.
  const label = index === undefined ? action : `${action}[${index}]`;
  const tell = kind => channel.postMessage({ kind, run, instance, action, label, isHeld });
  tell('began');
  return { run, end: () => tell('ended') };
};

/** Its result is its name. */
export const work = (variables, context) => {
  begin(variables, context, false).end();
  return context.action;
};
/** As `work`, once the test lets it go on. It heeds the end of its engine alone: what is withdrawn goes on, and counts for nothing. */
export const held = async (variables, context) => {
  const { run, end } = begin(variables, context, true);
  await new Promise((resolve, reject) => {
    waiting.set(run, resolve);
    context.signal.addEventListener('abort', () => {
      if (context.signal.reason.code !== 'ContextWithdrawn') reject(context.signal.reason);
    });
  });
  end();
  return context.action;
};
/** As `work`, and counts its turns in the variable `turn`. */
export const turn = (variables, context) => {
  begin(variables, context, false).end();
  context.set('turn', (variables.turn ?? 0) + 1);
  return context.action;
};
/** As `work`, and counts the variable `depth` down. */
export const countDown = (variables, context) => {
  begin(variables, context, false).end();
  context.set('depth', variables.depth - 1);
  return context.action;
};
/** As `work`, but what came before it is its result too. */
export const show = (variables, context) => {
  begin(variables, context, false).end();
  return variables.RESULT;
};
/** Its result is that item of a for-each, times ten. */
export const timesTen = (variables, context) => {
  begin(variables, context, false).end();
  return variables.item * 10;
};
/** As `timesTen`, once the test lets it go on. */
export const heldTimesTen = async (variables, context) => {
  await held(variables, context);
  return variables.item * 10;
};
