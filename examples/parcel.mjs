// Actions of parcel.yaml. What an action returns is RESULT for the conditions of its flows and for the next action.

export function weigh({ grams }) {
  if (!(grams > 0)) throw Object.assign(new Error(`a parcel of ${grams} g`), { code: 'NoWeight' });
  return { grams };
}

export function deliver({ homeOn, RESULT }) {
  const day = (RESULT.day ?? 0) + 1;
  return { day, delivered: day >= homeOn };
}

export function giveUp({ RESULT, ERROR }) {
  return ERROR === undefined ? { returned: `after ${RESULT.day} days` } : { returned: ERROR.message, code: ERROR.code };
}
