// Actions of quotes.yaml.

import { setTimeout as sleep } from 'node:timers/promises';

/** Stands for a call of a supplier, which takes its time. */
export async function quote({ delaysMs }, { action, signal }) {
  await sleep(delaysMs[action], undefined, { signal });
  return { supplier: action, price: 100 + action.length };
}

/** RESULT has what arrived, by the name of the action: only the first is in it. */
export function take({ RESULT }) {
  return Object.values(RESULT);
}
