// The audit followed over cuts, ends and restarts.

import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { problem, type Request, StandIn } from './stand-in.js';

/** Tells events from a cursor on, until `until`; the cursor of event n is `cn`. */
function tell({ headers }: Request, response: ServerResponse, until: number, end: 'end' | 'cut' | 'stay'): void {
  const last = headers['last-event-id'];
  const from = typeof last === 'string' ? Number(last.slice(1)) : 0;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let text = `retry: 1000\nevent: position\nid: c${from}\ndata: {}\n\n`;
  for (let n = from + 1; n <= until; n++) text += `event: audit\r\nid: c${n}\ndata: {"seq":${n}}\n\n`;
  // An event that is cut in its middle is none.
  if (end === 'cut') text += `event: audit\nid: c${until + 1}\ndata: {"seq":${until + 1}}\n`;
  response.write(text, () => {
    if (end === 'cut') response.destroy();
    if (end === 'end') response.end();
  });
}

test('each event once and in order, over cuts, ends, refusals and a restart on the same port', async () => {
  let server = await StandIn.open();
  const { port } = server;
  server.next.push(
    (request, response) => tell(request, response, 3, 'cut'),
    (request, response) => tell(request, response, 3, 'end'),
    (_, response) => problem(response, 503, 'SERVICE_STOPPING'),
    (request, response) => {
      tell(request, response, 5, 'stay');
      response.write(`event: problem\ndata: {"status":503,"code":"STORE_FAILED","detail":"x"}\n\n`);
    },
    (request, response) => tell(request, response, 7, 'stay'),
  );
  const client = createClient({ urls: [server.url], random: () => 0 });
  const seen: number[] = [];
  const cursors: string[] = [];
  for await (const { seq, cursor } of client.follow({ scope: '/a/', event: 'ExitingAction' })) {
    seen.push(seq);
    cursors.push(cursor);
    if (seq === 7) {
      expect(server.requests[0]!.path).toBe('/v1/audit?workflow=%2Fa%2F&event=ExitingAction');
      await server.close();
      server = await StandIn.open(server.stored, port);
      server.always = (request, response) => tell(request, response, 9, 'stay');
    }
    if (seq === 9) break;
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(cursors.at(-1)).toBe('c9');
  expect(server.requests[0]!.headers['last-event-id']).toBe('c7');
});

test('from a cursor of the caller; refused as it is; aborted', async () => {
  const server = await StandIn.open();
  const client = createClient({ urls: [server.url] });
  server.next.push((request, response) => tell(request, response, 12, 'stay'));
  for await (const { seq } of client.follow({ after: 'c11' })) {
    expect(seq).toBe(12);
    break;
  }
  server.next.push((_, response) => problem(response, 400, 'CURSOR_INVALID'));
  await expect(client.follow({ after: 'nonsense' }).next()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  const aborter = new AbortController();
  const reason = new Error('enough');
  server.next.push((request, response) => {
    tell(request, response, 0, 'stay');
    setImmediate(() => aborter.abort(reason));
  });
  await expect(client.follow({ signal: aborter.signal }).next()).rejects.toBe(reason);
});
