// The wire protocol of the service: what is in no schema. The schemas beside this file are the rest; /openapi.json is
// made of them. A client imports their types only: TypeBox costs 120-235 ms at import, which the service alone pays.
//
// POST /v1/instances
//   `application/json`: one `SubmitRecord`; answers 201 `Submitted` when it is durable. With `Idempotency-Key: <key>` a
//   repeat answers the same id. `application/x-ndjson`: a stream, below. `Millrace-User` names the submitter.
//
// A stream of instances. Request lines are JSON, one a line, of two kinds:
//   SubmitRecord   an instance.
//   BatchLine      {"batch":"<key>","count":500}: the next `count` instances are one batch under this key. It is stored
//                  whole or not at all, and once: sent again (after a cut connection, to another server) it answers the
//                  same ids. A batch cut short by the end of the stream is refused and nothing of it stored.
//                  A key is a root id: a UUIDv7 whose last four hex digits are 0000 (the batch's instances have that id
//                  with their position there). 1 to 500 instances, their lines at most 1 MiB together, none with a
//                  `name` (a name is a key of its own: with `onConflict: return` an unkeyed repeat is safe already).
//                  Keys hold as long as history is kept. The same key with other inputs is `KEY_REUSED`;
//                  another workflow, priority, `key` or time under the same inputs is not found out.
// Instances outside a batch are stored as they come, in batches of up to 500 that the server cuts, each whole or not at
// all. Blank lines are skipped. A line has at most 1 MiB.
//
// Answer lines come in the order of the instances, each when what it tells is durable:
//   AcceptedLine   {"index":0,"count":500,"first":"<id>"}: the instances `index` to `index + count - 1` of the stream
//                  (counted from 0, instances only) are stored. The id of each is that of the one before plus one in
//                  its last four hex digits (`idsOf` below says it in code).
//   ProblemLine    {"problem":{...,"line":1007,"index":1003}}: this line (counted from 1, all lines) is refused. Nothing
//                  of its batch is stored, nothing behind it is read; what was accepted before stays. The last line.
//                  Without `line`: what stopped the stream was no line of it (the store, a stop of the server).
//   DoneLine       {"done":1000000}: all are stored. The last line; a stream that ends without one of these two was cut.
// After a ProblemLine end your request: what you still send is thrown away, and after 2 s the connection is closed.
// The status is 200 as soon as something has been accepted. What stops the stream before that is answered as any
// problem, with its status. Read answers while you send: when 1 MiB of them waits to be read the server reads no further.
// It also reads no faster than the store stores: that is the back-pressure, and no line is refused for it.
//
// GET /v1/audit, by `Accept`:
//   application/json     a page; `next` is the cursor behind it, good for the next page, for later, and for following.
//   text/event-stream    server-sent events, from the cursor `after` or header `Last-Event-ID` (which wins) on, else from
//                        now on. Events:
//     audit      data: one `AuditEvent`; id: the cursor behind it
//     position   data: {}; id: a cursor. At the beginning and while nothing matches, so that a client that reconnects
//                misses nothing and reads nothing twice. Every 15 s at least: it is the keep-alive too.
//     problem    data: a `Problem`; the stream ends. Without it the end is the server's stop, or a cut: reconnect.
// Order is that of the commits: an event is told once, after all its predecessors, and none lands behind a cursor.
//
// POST /v1/operations/NAME, by `Accept`:
//   application/json       what it came to, when it is over.
//   application/x-ndjson   an `OperationLine` a line: {"progress":{"contexts":1500,"segments":3}} every two seconds at least, then
//                          {"done":{...}} or {"problem":{...}}, the last line. A stream without one of these was cut; the operation
//                          goes on, and can be said again. What is refused at once is a problem with its status.
//
// Cursors are opaque text of at most 200 characters. They name a place in one store: not one in another.
//
// Every error is `application/problem+json`, a `Problem`, with a `code` out of `problemCodes`. With status 429 and 503
// `Retry-After` (seconds, and `retryAfterMs` in the problem) says when to try the same here again; 503 without it means
// that this server will not answer any more (its store is dead, or it stops): try another. A request that was refused
// with 429 or 503 has stored nothing, but for `STORE_FAILED` and `ENGINE_STOPPED`, which do not know: repeat such a
// submit with a key only. Operations may be repeated always.

export const mediaTypes = {
  json: 'application/json',
  lines: 'application/x-ndjson',
  events: 'text/event-stream',
  problem: 'application/problem+json',
} as const;

/** Request headers, in lower case. */
export const headers = {
  /** Who calls, for the audit: 1 to 200 visible ASCII characters. Default: who runs the server. */
  user: 'millrace-user',
  /** Key of one instance sent as `application/json`. */
  key: 'idempotency-key',
  lastEventId: 'last-event-id',
} as const;

/** Names of server-sent events. */
export const auditStreamEvents = { audit: 'audit', position: 'position', problem: 'problem' } as const;

export const limits = {
  /** A JSON body, and a line of a stream. */
  bodyBytesMax: 1_048_576,
  /** Instances of a batch. */
  batchInstancesMax: 500,
  /** Bytes of a keyed batch's lines. What is claimed together is read together: 256 kB is a good size. */
  batchBytesMax: 1_048_576,
  userLengthMax: 200,
  /** Names of instances, workflows and branches, characters. */
  nameLengthMax: 1_024,
  cursorLengthMax: 200,
  waitMsMax: 60_000,
  pageDefault: 100,
  instancesPageMax: 1_000,
  auditPageMax: 5_000,
  workflowsPageMax: 1_000,
  forecastMax: 10_000,
  runsPageMax: 1_000,
  /** A stream that waits for its answers to be read holds at most so many bytes of them. */
  unreadAnswersBytesMax: 1_048_576,
  /** A connection on which nothing has moved for so long is closed. */
  idleMs: 120_000,
  keepAliveMs: 15_000,
} as const;

export const defaultPort = 7_433;

/** The ids an `AcceptedLine` stands for. */
export function idsOf({ first, count }: { readonly first: string; readonly count: number }): string[] {
  const root = first.slice(0, 32);
  const ordinal = Number.parseInt(first.slice(32), 16);
  return Array.from({ length: count }, (_, at) => root + (ordinal + at).toString(16).padStart(4, '0'));
}
