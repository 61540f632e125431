// Calls `attach.lua`; nobody else does.

import { EngineError } from '../../../observe/errors.js';
import type { Attachment } from '../../contract.js';
import { listOf } from '../arguments.js';
import type { RedisConnection } from '../connection.js';
import type { QueueKeys } from '../keys.js';

/** The epoch there is, or the one proposed. @throws EngineError `QUEUE_UNAVAILABLE`, `QUEUE_UNSUITABLE` */
export async function attach(
  connection: RedisConnection,
  keys: QueueKeys,
  request: {
    readonly proposedEpoch: string;
    readonly engine: string;
    readonly leaseMs: number;
    /** Id of the store. */
    readonly store: string;
    readonly testNowMs: number | '';
  },
): Promise<{ attachment: Attachment; epoch: string }> {
  const { proposedEpoch, engine, leaseMs, store, testNowMs } = request;
  const reply = await connection.run('attach', [keys.epoch, keys.epochs], run => [
    '',
    testNowMs,
    proposedEpoch,
    run,
    keys.counters(proposedEpoch),
    engine,
    leaseMs,
    store,
  ]);
  const [attachment, epoch, forMs] = listOf(reply);
  if (attachment === 'other-store') {
    throw new EngineError(
      'QUEUE_UNSUITABLE',
      `"${keys.epoch}" in Redis is the queue of another store (id ${String(epoch)}), not of this one (id ${store}): ` +
        'give the engines of one of the two stores a `cluster` name or a Redis of their own. ' +
        `If nothing uses that other store any more, its hold ends in ${Math.ceil(Number(forMs) / 1_000)} s`,
    );
  }
  return { attachment: attachment as Attachment, epoch: String(epoch) };
}
