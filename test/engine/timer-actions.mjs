// Actions of the scenarios about timers: what was closed is the instance's result.

export const close = ({ RESULT, closed = [] }, { set }) => {
  set('closed', [...closed, RESULT.scheduledAt]);
};
export const over = ({ RESULT, closed }) => ({ closed, over: RESULT.result });
