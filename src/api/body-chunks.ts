// The chunks of a body as they come, until it ends, breaks, or the service stops. What is not asked for is not read: the
// sender feels it.
//
// Why not the stream's own iterator: it cannot be told to stop waiting without losing the connection.

import type { Readable } from 'node:stream';
import { ServiceFault } from './service-fault.js';

/** @throws ServiceFault `SERVICE_STOPPING`; what broke the body */
export async function* chunksOf(body: Readable, stopping: AbortSignal): AsyncGenerator<Buffer> {
  let wake = (): void => undefined;
  const news = (): void => wake();
  const events = ['readable', 'end', 'error', 'close'] as const;
  for (const event of events) body.on(event, news);
  stopping.addEventListener('abort', news);
  try {
    for (;;) {
      if (stopping.aborted) throw new ServiceFault('SERVICE_STOPPING', 'the service stops; send the rest to another');
      if (body.errored !== null) throw body.errored;
      const chunk = body.read() as Buffer | null;
      if (chunk !== null) yield chunk;
      else if (body.readableEnded) return;
      else if (body.destroyed) throw new Error('the body was cut');
      else {
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const event of events) body.off(event, news);
    stopping.removeEventListener('abort', news);
  }
}
