// Calls `attach.lua`; nobody else does.

import type { Attachment } from '../../contract.js';
import { listOf } from '../arguments.js';
import type { RedisConnection } from '../connection.js';
import type { QueueKeys } from '../keys.js';

/** The epoch there is, or the one proposed. @throws EngineError `QUEUE_UNAVAILABLE` */
export async function attach(
  connection: RedisConnection,
  keys: QueueKeys,
  request: {
    readonly proposedEpoch: string;
    readonly engine: string;
    readonly leaseMs: number;
    readonly testNowMs: number | '';
  },
): Promise<{ attachment: Attachment; epoch: string }> {
  const { proposedEpoch, engine, leaseMs, testNowMs } = request;
  const reply = await connection.run('attach', [keys.epoch, keys.epochs], run => [
    '',
    testNowMs,
    proposedEpoch,
    run,
    keys.counters(proposedEpoch),
    engine,
    leaseMs,
  ]);
  const [attachment, epoch] = listOf(reply);
  return { attachment: attachment as Attachment, epoch: String(epoch) };
}
