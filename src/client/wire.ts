// What the client says and hears on the wire, and its ids. The words are those of `api/schema/protocol.ts`: they are typed
// by that file and written out here, so that the compiler holds them equal and nothing is imported at run time.

import type * as protocol from '../api/schema/protocol.js';

type Protocol = typeof protocol;

export const mediaTypes: Protocol['mediaTypes'] = {
  json: 'application/json',
  lines: 'application/x-ndjson',
  events: 'text/event-stream',
  problem: 'application/problem+json',
};

export const headers: Protocol['headers'] = {
  user: 'millrace-user',
  key: 'idempotency-key',
  lastEventId: 'last-event-id',
};

export const auditStreamEvents: Protocol['auditStreamEvents'] = {
  audit: 'audit',
  position: 'position',
  problem: 'problem',
};

export const batchInstancesMax: Protocol['limits']['batchInstancesMax'] = 500;
export const keepAliveMs: Protocol['limits']['keepAliveMs'] = 15_000;

/** What is claimed together is read together: batches the client cuts end here, characters of their lines. */
export const batchLengthGood = 262_144;

/** The ids of `count` instances from `first` on: each is the one before plus one in its last four hex digits. */
export function idsFrom(first: string, count: number): string[] {
  const root = first.slice(0, 32);
  const ordinal = Number.parseInt(first.slice(32), 16);
  return Array.from({ length: count }, (_, at) => root + (ordinal + at).toString(16).padStart(4, '0'));
}
