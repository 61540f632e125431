// The audit as server-sent events, from a cursor on, for as long as the client stays. One page is in memory at a time,
// and the next is read when the client has taken it.

import type { ServerResponse } from 'node:http';
import type { AuditFilter } from '../engine/reads/audit-pages.js';
import type { Service } from './app.js';
import { auditStreamEvents, limits, mediaTypes } from './schema/protocol.js';
import { toldProblem } from './told-problem.js';

const pageEvents = 2_000;
/** How often it is asked whether this engine has recorded something, ms. */
const lookMs = 50;
/** What others record, and what became visible late, is looked for so often, ms. */
const pollMs = 1_000;
/** A client reconnects after so long, ms. */
const retryMs = 1_000;

export async function follow(service: Service, filter: AuditFilter, from: string, raw: ServerResponse): Promise<void> {
  const { engine, clock, stopping } = service;
  const left = new AbortController();
  raw.once('close', () => left.abort());
  raw.on('error', () => undefined);
  raw.writeHead(200, { 'content-type': mediaTypes.events, 'cache-control': 'no-store' });
  const isOver = (): boolean => stopping.aborted || left.signal.aborted;
  let after = from;
  let saidMs = clock.monotonicMs();
  await write(raw, `retry: ${retryMs}\n${eventText(auditStreamEvents.position, after, '{}')}`);
  try {
    while (!isOver()) {
      const seen = engine.reads.auditEvents;
      const page = await engine.reads.auditPage(filter, after, 'oldest', pageEvents);
      after = page.next;
      let text = '';
      for (const { record, cursor } of page.events) {
        text += eventText(auditStreamEvents.audit, cursor, JSON.stringify(record));
      }
      if (text === '' && clock.monotonicMs() - saidMs >= limits.keepAliveMs) {
        text = eventText(auditStreamEvents.position, after, '{}');
      }
      if (text !== '') {
        await write(raw, text);
        saidMs = clock.monotonicMs();
      }
      const readMs = clock.monotonicMs();
      while (page.isEnd && !isOver() && engine.reads.auditEvents === seen && clock.monotonicMs() - readMs < pollMs) {
        await new Promise<void>(resolve => void clock.setTimer(lookMs, resolve));
      }
    }
  } catch (error) {
    const problem = toldProblem(service, error);
    await write(raw, `event: ${auditStreamEvents.problem}\ndata: ${JSON.stringify(problem)}\n\n`);
  }
  raw.end();
}

function eventText(event: string, id: string, data: string): string {
  return `event: ${event}\nid: ${id}\ndata: ${data}\n\n`;
}

/** Resolves when the client has taken what was written, or has left. */
async function write(raw: ServerResponse, text: string): Promise<void> {
  if (raw.destroyed || raw.write(text)) return;
  await new Promise<void>(resolve => {
    const go = (): void => {
      raw.off('drain', go).off('close', go);
      resolve();
    };
    raw.on('drain', go).on('close', go);
  });
}
