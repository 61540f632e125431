// Keys of batches: root ids made by the client, so that a batch sent again is stored once and answers the same ids.

import { type ClientClock, clientClock } from './client-clock.js';

/** A UUIDv7 whose last four hex digits are 0000; the instances of its batch have that id with their position there. */
export function newBatchKey(clock: Pick<ClientClock, 'nowMs'> = clientClock): string {
  const random = crypto.getRandomValues(new Uint8Array(8));
  const hex = [...random].map(byte => byte.toString(16).padStart(2, '0')).join('');
  const time = clock.nowMs().toString(16).padStart(12, '0');
  const variant = (0x8 | (random[0]! >>> 6)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(1, 4)}-${variant}${hex.slice(4, 7)}-${hex.slice(8)}0000`;
}

/** Key of the batch `number` places behind that of `first`: the same for the same two, whoever asks. */
export function laterBatchKey(first: string, number: number): string {
  const counted = (Number.parseInt(first.slice(24, 32), 16) + number) % 0x1_0000_0000;
  return `${first.slice(0, 24)}${counted.toString(16).padStart(8, '0')}${first.slice(32)}`;
}
