// Operations on many: how far they are is told on the way, over HTTP, by the client and to a command.

import { expect, test } from 'vitest';
import { withServer } from '../../src/cli/server-place.js';
import { createClient } from '../../src/client/index.js';
import type { Engine } from '../../src/engine/engine.js';
import { TestClock } from '../../src/observe/clock.js';
import { EngineError } from '../../src/observe/errors.js';
import { ServiceWorld } from './setup.js';

const accept = { accept: 'application/x-ndjson' };

test('who takes lines is told how far it is, and what it came to; who does not gets one answer', async () => {
  const clock = new TestClock(0);
  const asked: unknown[] = [];
  const pause: Engine['pause'] = async (target, options) => {
    asked.push({ target, user: options?.user });
    if (target === '/refused/') throw new EngineError('NAMESPACE_INVALID', 'refused at once');
    for (let page = 1; page <= 3; page++) {
      clock.advanceMs(page === 2 ? 10 : 150);
      options?.onProgress?.({ contexts: page * 500, segments: page });
    }
    // Longer than an answer is waited for: that it goes on is told.
    for (let seconds = 0; seconds < 2; seconds++) clock.advanceMs(1_000);
    if (target === '/broken/') throw new EngineError('STORE_UNAVAILABLE', 'broken on the way');
    return { contexts: 1_500, segments: 3 };
  };
  const world = await ServiceWorld.own({ clock, requestsPerSecondMax: 1_000 }, {}, { pause } as Partial<Engine>);
  const done = { operation: 'pause', target: '/a/', contexts: 1_500, segments: 3 };
  expect(await world.post('/v1/operations/pause', { target: '/a/' })).toMatchObject({ status: 200, body: done });
  const lines = await world.post('/v1/operations/pause', { target: '/a/' }, { ...accept, 'millrace-user': 'ada' });
  const [first, third] = [{ progress: { contexts: 500, segments: 1 } }, { progress: { contexts: 1_500, segments: 3 } }];
  expect(lines).toMatchObject({ status: 200, type: 'application/x-ndjson' });
  // The second came too soon behind the first; the last is told again while it takes its time.
  expect(lines.body).toEqual([first, third, third, { done }]);
  expect(asked.at(-1)).toEqual({ target: '/a/', user: 'ada' });
  const refused = await world.post('/v1/operations/pause', { target: '/refused/' }, accept);
  expect(refused).toMatchObject({ status: 400, body: { code: 'NAMESPACE_INVALID' } });
  const broken = await world.post('/v1/operations/pause', { target: '/broken/' }, accept);
  expect(broken.body.at(-1)).toMatchObject({ problem: { code: 'STORE_UNAVAILABLE', status: 503 } });

  const progress: unknown[] = [];
  const onProgress = (told: { readonly contexts: number }): unknown => progress.push(told.contexts);
  const client = createClient({ urls: [world.url], attemptsMax: 1 });
  expect(await client.pause('/a/', { onProgress })).toEqual(done);
  expect(progress.splice(0)).toEqual([500, 1_500, 1_500]);
  await expect(client.pause('/broken/')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(await withServer(world.url, '', place => place.operate('pause', '/a/', { onProgress }))).toEqual(done);
  expect(progress).toEqual([500, 1_500, 1_500]);
});
