// What the README and the examples promise, run as they say.

import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { examples, lines, world } from './setup.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('examples/engine.mjs runs', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(examples, 'engine.mjs')], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toBe(
    `finished Ada 60\nfinished Grace 15\n${[4, 4, 4, 2, 2, 2, 2]
      .map((count, index) => `${count} ${lifeEvents[index]}\n`)
      .join('')}`,
  );
});

const lifeEvents = [
  'EnteringAction',
  'ExecutingAction',
  'ExitingAction',
  'FinishingExecutionFlow',
  'FinishingFlowChart',
  'FlowChartRemoved',
  'StartingExecutionFlow',
];

test.concurrent('examples/parcel.yaml goes the ways its head says', async context => {
  const own = world(context);
  const way = async (input: object): Promise<unknown> => {
    const file = join(examples, 'parcel.yaml');
    const { code, stdout } = await own.millrace('run', file, '--input', JSON.stringify(input), '--json');
    expect(code).toBe(0);
    return (JSON.parse(stdout) as { result: unknown }).result;
  };
  expect(await way({ grams: 700, homeOn: 2 })).toEqual({ day: 2, delivered: true });
  expect(await way({ grams: 25_000, homeOn: 9 })).toEqual({ returned: 'after 3 days' });
  expect(await way({ grams: 0, homeOn: 1 })).toEqual({ returned: 'a parcel of 0 g', code: 'NoWeight' });
});

const titanic = {
  Title: 'Titanic',
  'Worldwide Gross': 1_842_879_955,
  'Production Budget': 200_000_000,
  'Rotten Tomatoes Rating': 82,
  'IMDB Rating': 7.4,
};

test.concurrent.for<[file: string, input: object, result: unknown]>([
  ['review.yaml', titanic, { title: 'Titanic', sides: { critics: 0.82, viewers: 0.74, money: 1 }, verdict: 'see it' }],
  ['barley.yaml', {}, expect.objectContaining({ rose: ['Morris'] })],
  ['booking.yaml', { passenger: 'Ada', refusals: 2 }, { passenger: 'Ada', seat: '3A', paidAtAttempt: 3 }],
  [
    'booking.yaml',
    { passenger: 'Ada', refusals: 9 },
    { passenger: 'Ada', released: '3A', paying: null, because: 'BankSilent', attempts: 3 },
  ],
  ['tree.yaml', {}, { name: 'flare', files: 220, size: 956_129 }],
  ['tree.yaml', { package: { name: 'util', id: 140 } }, expect.objectContaining({ name: 'util', files: 25 })],
  ['alarm.yaml', {}, { silence: { sounds: expect.any(Number) }, escalate: { answer: null } }],
  // Who is first is the machine's affair; there is one.
  [
    'quotes.yaml',
    { delaysMs: { north: 0, south: 300, west: 300 } },
    [expect.objectContaining({ price: expect.any(Number) })],
  ],
])('examples/%s, with %j', async ([file, input, result], context) => {
  const own = world(context);
  const { code, stdout } = await own.millrace('run', join(examples, file), '--input', JSON.stringify(input), '--json');
  expect({ code, stdout: JSON.parse(stdout) }).toMatchObject({ code: 0, stdout: { state: 'finished', result } });
});

test.concurrent('examples/guest.yaml and examples/cook.yaml: what the one publishes the other takes', async context => {
  const own = world(context);
  const run = (file: string, ...more: string[]) => own.millrace('run', join(examples, file), ...more, '--json');
  const order = { dish: 'soup', table: 4 };
  for (const dish of ['gravel', 'soup']) {
    const ordered = await run('guest.yaml', '--input', JSON.stringify({ ...order, dish }));
    expect(ordered).toMatchObject({ code: 0 });
  }
  const { code, stdout } = await run('cook.yaml');
  expect({ code, stdout: JSON.parse(stdout) }).toMatchObject({
    code: 0,
    stdout: { state: 'finished', result: { data: order, priority: 10, publisher: '/examples/orders' } },
  });
});

test('the README of the examples has each of them, with the command that is in its head', () => {
  const readme = readFileSync(join(examples, 'README.md'), 'utf8');
  for (const file of readdirSync(examples).filter(name => name.endsWith('.yaml'))) {
    const commands = readFileSync(join(examples, file), 'utf8').match(/^# {3}millrace (run|workflows put) .*$/gm)!;
    expect(
      commands.map(line => line.slice(4).replace(/ {2,}.*/, '')).some(command => readme.includes(`\`${command}\``)),
    ).toBe(true);
  }
});

test.concurrent('the demo runs on its real records, and the queries of the README answer', {
  timeout: 120_000,
}, async context => {
  const own = world(context);
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { demo: string } };
  const [, , , flow, , input, , count] = scripts.demo.split(' ');
  expect([flow, count]).toEqual(['examples/flights.yaml', '100000']);
  cpSync(examples, join(own.folder, 'examples'), { recursive: true });
  const demo = await own.millrace(
    'run',
    flow!,
    '--input',
    `@${join(root, input!.slice(1))}`,
    '--count',
    '12000',
    '--json',
  );
  expect(demo.code).toBe(0);
  expect(JSON.parse(demo.stdout)).toMatchObject({ state: 'finished', instances: 12_000, finished: 12_000, failed: 0 });

  const [, block] = /```sql\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8'))!;
  const queries = block!.split(/;\n/).filter(text => text.trim() !== '');
  expect(queries).toHaveLength(3);
  const [own0, errors, grades] = await inTurn(queries, async sql => own.millrace('audit', '--json', '--sql', sql));
  expect(lines(own0!.stdout)).toHaveLength(5);
  expect({ code: errors!.code, stdout: errors!.stdout }).toEqual({ code: 0, stdout: '' });
  expect(lines<{ grade: string }>(grades!.stdout).map(({ grade }) => grade)).toEqual(['A', 'B', 'C', 'D']);
});

/** One after another: a folder has one process. */
async function inTurn<Item, Answer>(items: readonly Item[], work: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const item of items) answers.push(await work(item));
  return answers;
}
