// Server-sent events of a body. An event counts when its empty line has come: one that is cut is none.

import { textLines } from './text-lines.js';

export interface ServerSentEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: string;
}

/** @param came told of each chunk, comments too */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array> | null,
  came: () => void,
): AsyncGenerator<ServerSentEvent> {
  let event = 'message';
  let id: string | null = null;
  let data: string[] = [];
  for await (const raw of textLines(body, came)) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') {
      if (data.length > 0) yield { event, id, data: data.join('\n') };
      event = 'message';
      id = null;
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
}
