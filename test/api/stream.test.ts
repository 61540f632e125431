// A stream of instances: order, what a fault leaves, batches under keys, and that memory does not depend on either side.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { idsOf } from '../../src/api/schema/protocol.js';
import { IdSource } from '../../src/engine/ids.js';
import { systemClock } from '../../src/observe/clock.js';
import { instanceId } from '../../src/workflow/instance-id.js';
import { temporaryFolder } from '../engine/setup.js';
import { ServiceWorld } from './setup.js';

const ids = new IdSource(systemClock);
let world: ServiceWorld;
/** Not started: what is submitted stays. */
beforeAll(async () => {
  world = await ServiceWorld.open();
});
afterAll(async () => {
  expect(world.faults).toEqual([]);
  await world.close();
});

interface Accepted {
  readonly index: number;
  readonly count: number;
  readonly first: string;
}

const records = (workflow: string, count: number): object[] =>
  Array.from({ length: count }, (_, n) => ({ workflow, input: { n } }));

async function stored(workflow: string): Promise<number> {
  return (await world.engine.count(workflow)).reduce((sum, { instances }) => sum + instances, 0);
}

test('20,000 lines are stored and answered in their order', async () => {
  const workflow = await world.deploy(['echo']);
  const { status, type, body } = await world.stream(records(workflow, 20_000), { 'millrace-user': 'streamer' });
  expect({ status, type }).toEqual({ status: 200, type: 'application/x-ndjson' });
  expect(body.at(-1)).toEqual({ done: 20_000 });
  const accepted = body.slice(0, -1) as Accepted[];
  let next = 0;
  for (const { index, count } of accepted) {
    expect(index).toBe(next);
    next += count;
  }
  expect(next).toBe(20_000);
  const all = accepted.flatMap(idsOf);
  expect(new Set(all).size).toBe(20_000);
  expect(await stored(workflow)).toBe(20_000);
  for (const at of [0, 499, 500, 12_345, 19_999]) {
    expect(await world.engine.show(all[at]!)).toMatchObject({ input: { n: at }, submitter: 'streamer', workflow });
  }
});

test.each<[string, (workflow: string) => unknown, number, string, RegExp]>([
  ['that is no JSON', () => '{"workflow": ', 400, 'REQUEST_INVALID', /^line 10001: is not JSON/],
  [
    'with an unknown key',
    workflow => ({ workflow, prio: 1 }),
    400,
    'REQUEST_INVALID',
    /^line 10001: unknown key "prio"/,
  ],
  ['with a bad input', workflow => ({ workflow, input: { a: '\0' } }), 400, 'INPUT_INVALID', /^line 10001: input\.a/],
  ['of an unknown workflow', () => ({ workflow: '/no/such' }), 404, 'WORKFLOW_UNKNOWN', /^line 10001: .*\/no\/such/],
  ['that is a list', () => [], 400, 'REQUEST_INVALID', /^line 10001: is no JSON object/],
])(
  'a line %s in the middle of 20,000 keeps all behind it out, and its batch; what was accepted stays',
  async (...given) => {
    const [, bad, status, code, detail] = given;
    const workflow = await world.deploy(['echo']);
    const lines: unknown[] = records(workflow, 20_000);
    lines.splice(10_000, 0, bad(workflow));
    const { body } = await world.stream(lines);
    const last = body.at(-1) as { problem: Record<string, unknown> };
    expect(last.problem).toMatchObject({
      status,
      code,
      line: 10_001,
      index: 10_000,
      detail: expect.stringMatching(detail),
    });
    const accepted = (body.slice(0, -1) as Accepted[]).reduce((sum, { count }) => sum + count, 0);
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThanOrEqual(10_000);
    expect(await stored(workflow)).toBe(accepted);
  },
);

test('a stream refused before anything was accepted is an ordinary problem, with its status', async () => {
  const workflow = await world.deploy(['echo']);
  expect(await world.stream([{ workflow: '/no/such' }, { workflow }])).toMatchObject({
    status: 404,
    type: 'application/problem+json',
    body: { code: 'WORKFLOW_UNKNOWN', line: 1, index: 0 },
  });
  expect(await stored(workflow)).toBe(0);
  const long = JSON.stringify({ workflow, input: { text: 'x'.repeat(1_100_000) } });
  expect(await world.stream(['', long])).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE', line: 2 } });
  const broken = await fetch(`${world.url}/v1/instances`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: Buffer.concat([
      Buffer.from(`\n{"workflow": "${workflow}", "input": {"a": "`),
      Buffer.from([0xff]),
      Buffer.from('"}}\n'),
    ]),
  });
  expect(broken.status).toBe(400);
  expect(await broken.json()).toMatchObject({ code: 'REQUEST_INVALID', line: 2, detail: 'line 2: is not UTF-8' });
});

test('an empty stream, blank lines, a last line without its end, characters of several bytes', async () => {
  const workflow = await world.deploy(['echo']);
  expect((await world.stream([])).body).toEqual([{ done: 0 }]);
  const text = '\n  \n{"workflow": "WF", "input": {"text": "Grüße 😀"}}\r\n\n{"workflow": "WF"}'.replaceAll(
    'WF',
    workflow,
  );
  const { body } = await world.stream([text]);
  expect(body.at(-1)).toEqual({ done: 2 });
  expect((await world.engine.show(body[0].first)).input).toEqual({ text: 'Grüße 😀' });
  // Each byte a chunk of its own.
  const slow = world.openStream();
  for (const byte of Buffer.from(`${text}\n`)) slow.request.write(Buffer.of(byte));
  slow.end();
  const answers = [];
  for (let line = await slow.answer(); line !== null; line = await slow.answer()) answers.push(line);
  expect(answers.at(-1)).toEqual({ done: 2 });
});

test('lines are answered as they come, not when there are 500', async () => {
  const workflow = await world.deploy(['echo']);
  const stream = world.openStream();
  for (let n = 0; n < 5; n++) {
    stream.write(`${JSON.stringify({ workflow, input: { n } })}\n`);
    expect(await stream.answer()).toMatchObject({ index: n, count: 1 });
  }
  stream.end();
  expect(await stream.answer()).toEqual({ done: 5 });
  expect(await stream.answer()).toBeNull();
});

test('batches under keys: sent again they answer the same ids and store nothing', async () => {
  const workflow = await world.deploy(['echo']);
  const keys = [ids.nextRoot(), ids.nextRoot()];
  const lines = [
    { workflow },
    { batch: keys[0], count: 3 },
    ...records(workflow, 3),
    { batch: keys[1], count: 500 },
    ...records(workflow, 500),
    { workflow },
  ];
  const [first, second] = [await world.stream(lines), await world.stream(lines)];
  for (const { body } of [first, second]) {
    expect(body.at(-1)).toEqual({ done: 505 });
    const all = (body.slice(0, -1) as Accepted[]).flatMap(idsOf);
    expect(all.slice(1, 504)).toEqual([
      ...[0, 1, 2].map(at => instanceId(keys[0]!, at)),
      ...Array.from({ length: 500 }, (_, at) => instanceId(keys[1]!, at)),
    ]);
  }
  expect(await stored(workflow)).toBe(503 + 2 * 2);
});

test.each<[string, (key: string, workflow: string) => unknown[], string, RegExp]>([
  [
    'cut short by the end',
    (batch, workflow) => [{ batch, count: 3 }, ...records(workflow, 2)],
    'REQUEST_INVALID',
    /ends after 2 of the 3/,
  ],
  [
    'cut short by the next',
    (batch, workflow) => [{ batch, count: 3 }, ...records(workflow, 2), { batch: ids.nextRoot(), count: 1 }],
    'REQUEST_INVALID',
    /^line 4: 2 of the 3/,
  ],
  ['of none', batch => [{ batch, count: 0 }], 'REQUEST_INVALID', /count: must be a whole number from 1 to 500/],
  ['of too many', batch => [{ batch, count: 501 }], 'REQUEST_INVALID', /from 1 to 500/],
  ['with an odd key', (_, workflow) => [{ batch: 'x', count: 1 }, { workflow }], 'INPUT_INVALID', /UUIDv7/],
  ['with more in its line', batch => [{ batch, count: 1, x: 1 }], 'REQUEST_INVALID', /unknown key "x"/],
  [
    'with a name',
    (batch, workflow) => [
      { batch, count: 1 },
      { workflow, name: 'n' },
    ],
    'INPUT_INVALID',
    /name: cannot/,
  ],
  [
    'that is too large',
    (batch, workflow) => [{ batch, count: 9 }, ...Array(9).fill({ workflow, input: { x: 'x'.repeat(200_000) } })],
    'BODY_TOO_LARGE',
    /1048576 bytes/,
  ],
])('a batch %s is refused and nothing of it stored', async (_, linesFor, code, detail) => {
  const workflow = await world.deploy(['echo']);
  const { body } = await world.stream(linesFor(ids.nextRoot(), workflow));
  expect(body).toMatchObject({ code, detail: expect.stringMatching(detail) });
  expect(await stored(workflow)).toBe(0);
});

test('a key for other instances is refused in the middle of a stream', async () => {
  const workflow = await world.deploy(['echo']);
  const key = ids.nextRoot();
  await world.engine.submitBatch(key, [{ workflow, input: { other: true } }]);
  const { body } = await world.stream([{ workflow }, { batch: key, count: 1 }, { workflow }]);
  expect(body.at(-1)).toMatchObject({ problem: { code: 'KEY_REUSED', status: 409, line: 3, index: 1 } });
  expect(await stored(workflow)).toBe(2);
});

test('names in a stream: a repeat answers the instances that have them', async () => {
  const workflow = await world.deploy(['echo']);
  const lines = Array.from({ length: 10 }, (_, n) => ({ workflow, ...(n % 2 ? { name: `${n} of ${workflow}` } : {}) }));
  const [first, second] = [await world.stream(lines), await world.stream(lines)];
  const all = [first, second].map(({ body }) => (body.slice(0, -1) as Accepted[]).flatMap(idsOf));
  expect(all.map(list => list.length)).toEqual([10, 10]);
  for (const n of [1, 3, 5, 7, 9]) expect(all[1]![n]).toBe(all[0]![n]);
  expect(await stored(workflow)).toBe(15);
});

test('a sender that leaves in the middle leaves what was answered, and nothing open', async () => {
  const workflow = await world.deploy(['echo']);
  const stream = world.openStream();
  stream.write(`${JSON.stringify({ workflow })}\n`);
  expect(await stream.answer()).toMatchObject({ index: 0, count: 1 });
  stream.write('{"workflow": ');
  stream.request.on('error', () => undefined).destroy();
  await expect.poll(() => stored(workflow)).toBe(1);
});

test('who does not read the answers is not read either: memory is bounded, nothing is lost', {
  timeout: 120_000,
}, async () => {
  const workflow = await world.deploy(['echo']);
  const stream = world.openStream();
  // One instance that many lines name: an answer line for each of them.
  const line = `${JSON.stringify({ workflow, name: `the one of ${workflow}` })}\n`;
  const chunkLines = 1_000;
  let sent = 0;
  let isHeld = false;
  const before = process.memoryUsage().rss;
  while (!isHeld && sent < 1_000_000) {
    const isFree = stream.write(line.repeat(chunkLines));
    sent += chunkLines;
    if (!isFree) isHeld = await Promise.race([stream.drained().then(() => false), pause(3_000).then(() => true)]);
  }
  expect(isHeld).toBe(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1_024 * 1_024);
  const reading = (async () => {
    let accepted = 0;
    for (;;) {
      const line = (await stream.answer()) as { count?: number; done?: number } | null;
      if (line === null || line.done !== undefined) return { accepted, done: line?.done };
      accepted += line.count!;
    }
  })();
  stream.end();
  expect(await reading).toEqual({ accepted: sent, done: sent });
  expect(await stored(workflow)).toBe(1);
});

test('a long stream of keyed batches is read no faster than it is stored: memory stays flat', {
  timeout: 120_000,
}, async () => {
  const own = await ServiceWorld.own({}, { dataFolder: temporaryFolder() });
  const workflow = await own.deploy(['echo']);
  const stream = own.openStream();
  const total = 200_000;
  const batch = (from: number): string =>
    `${JSON.stringify({ batch: ids.nextRoot(), count: 500 })}\n${Array.from(
      { length: 500 },
      (_, at) =>
        `${JSON.stringify({ workflow, input: { n: from + at, text: 'a hundred and some bytes, as orders have' } })}\n`,
    ).join('')}`;
  let early = 0;
  let peak = 0;
  const reading = (async () => {
    let next = 0;
    for (let line = await stream.answer(); line !== null; line = await stream.answer()) {
      if (line.done !== undefined) return { next, done: line.done };
      expect(line.index).toBe(next);
      next += line.count as number;
      const { rss } = process.memoryUsage();
      if (next <= total / 5) early = Math.max(early, rss);
      peak = Math.max(peak, rss);
    }
    return null;
  })();
  for (let from = 0; from < total; from += 500) if (!stream.write(batch(from))) await stream.drained();
  stream.end();
  expect(await reading).toEqual({ next: total, done: total });
  expect(peak - early).toBeLessThan(150 * 1_024 * 1_024);
});

function pause(ms: number): Promise<void> {
  return new Promise(resolve => void systemClock.setTimer(ms, resolve).unref());
}
