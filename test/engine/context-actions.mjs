// Actions of instances with several contexts: some take a moment, so that others catch up.

import { setTimeout as sleep } from 'node:timers/promises';

const aMoment = () => sleep(Math.random() < 0.3 ? Math.random() * 10 : 0);

export const named = async (_, { action }) => {
  await aMoment();
  return action;
};
export const same = async () => {
  await aMoment();
  return 'same';
};
export const given = ({ RESULT }) => RESULT;
export const item = async ({ item: number }) => {
  await aMoment();
  return number * 10;
};
export const fails = () => {
  throw new Error('as ever');
};
/** Writes two variables in workflow scope: its own, and one that the other writes too. */
export const writes = async (_, { action, setWorkflow }) => {
  await aMoment();
  setWorkflow(action, action);
  setWorkflow('both', action);
  return action;
};
export const seen = ({ left, right, both }) => ({ left, right, both: both === 'left' || both === 'right' });
export const slow = () => sleep(20);
