// Actions of booking.yaml.

export function reserve({ passenger }, { set }) {
  set('seat', `${passenger.length}A`);
}

/** Is refused in its first `refusals` attempts, after it has written. */
export function pay({ refusals }, context) {
  context.set('paying', true);
  if (context.attempt <= refusals) throw Object.assign(new Error('the bank does not answer'), { code: 'BankSilent' });
  return { attempt: context.attempt };
}

export function ticket({ passenger, seat, RESULT }) {
  return { passenger, seat, paidAtAttempt: RESULT.attempt };
}

/** `ERROR` is what `pay` threw; `paying` was rolled back with it. */
export function release({ passenger, seat, paying, ERROR }) {
  return { passenger, released: seat, paying: paying ?? null, because: ERROR.code, attempts: ERROR.attempt };
}
