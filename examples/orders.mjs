// Actions of examples/engine.mjs. They run on worker threads, so the file holds nothing but functions.

/** @param {{ items: { price: number, count: number }[] }} order */
export function total({ items }) {
  if (items.length === 0) throw new Error('an order without items');
  return items.reduce((sum, { price, count }) => sum + price * count, 0);
}

/**
 * Stands for a call of a service. The key is the same at every attempt, so that the service can tell a repetition.
 *
 * @param {{ customer: string, RESULT: number }} variables
 * @param {import('millrace').CallContext} context
 */
export async function charge({ customer, RESULT: amount }, context) {
  await new Promise(resolve => setTimeout(resolve, 20));
  context.log.info(`charged ${amount}`);
  return { customer, amount, receipt: context.idempotencyKey };
}
