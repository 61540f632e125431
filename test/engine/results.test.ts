// Who waits for an instance, and who listens: what they are told.

import { expect, test } from 'vitest';
import { instanceId } from '../../src/workflow/instance-id.js';
import { CommitWorld } from './commit-world.js';

test('one that was recovered alone has not failed, whatever is found of its neighbour', async () => {
  const { results, ...world } = new CommitWorld();
  const root = world.ids.nextRoot();
  const [recovered, failed] = [instanceId(root, 0), instanceId(root, 1)];
  results.submitted(root, 2);
  const waiting = results.of(recovered);
  const neighbour = results.of(failed);
  const { segment } = await new CommitWorld().submit(2);
  results.stood([{ ...segment, root, state: 'failed', open: 1, gone: Uint8Array.of(0b1000_0000) }]);
  expect((await neighbour).state).toBe('failed');
  const outcome = { root, workflow: 1, name: '/f', state: 'removed', finishedAtMs: 1, body: null } as const;
  results.left([{ ...outcome, ordinals: Uint16Array.of(0) }], []);
  expect((await waiting).state).toBe('removed');
});
