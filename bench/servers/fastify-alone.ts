// Fastify alone: it reads the lines of a submit, parses each, counts them and answers as our service does. Nothing is
// checked or stored: what HTTP by itself costs.

import { fastify } from 'fastify';
import { serveParent } from './forked.js';

await serveParent(async () => {
  const app = fastify({ bodyLimit: 4 * 1_024 * 1_024 });
  let count = 0;
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'string' }, (_, body, done) => done(null, body));
  app.post('/v1/instances', async (request, reply) => {
    const [batch, ...records] = (request.body as string).trimEnd().split('\n').map(parsed);
    count += records.length;
    void reply.type('application/x-ndjson');
    const accepted = JSON.stringify({ index: 0, count: records.length, first: batch?.batch });
    return `${accepted}\n${JSON.stringify({ done: records.length })}\n`;
  });
  app.get('/count', async () => ({ count }));
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
});

function parsed(line: string): { batch?: string } {
  return JSON.parse(line) as { batch?: string };
}
