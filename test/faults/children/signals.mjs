// Raises a signal that nothing waits for yet, and has a race won; `ready <the ids of both instances>`, and lives until it is
// killed.

import { createEngine } from '../../../dist/src/engine/index.js';
import { nullLoggers } from '../../../dist/src/observe/loggers.js';

const [dataFolder] = process.argv.slice(2);
const engine = await createEngine({ dataFolder, threads: 1, loggers: nullLoggers });
await engine.start();
const manual = (name, own) => ({ name, type: 'manual', ...own });
await engine.deploy({
  name: '/kept/signal',
  actions: [manual('first'), manual('second', { monitor: ['stop'] }), manual('stopped')],
  flows: [
    { from: 'first', to: 'second' },
    { from: 'second', to: 'stopped', kind: 'signal', signal: 'stop' },
  ],
});
await engine.deploy({
  name: '/kept/race',
  actions: [
    { name: 'head', type: 'null', race: true },
    { name: 'soon', type: 'delay', delay: '+1ms' },
    { name: 'later', type: 'delay', delay: '+1H' },
    manual('never'),
    manual('won'),
  ],
  flows: ['soon', 'later', 'never'].flatMap(name => [
    { from: 'head', to: name },
    { from: name, to: 'won' },
  ]),
});
const [signal, race] = await engine.submit([{ workflow: '/kept/signal' }, { workflow: '/kept/race' }]);
const waiting = 'select count(*) from millrace_segment s where open > 0 and waits_for is not null';
while (Number((await engine.query(waiting))[0][0]) !== 2 || (await engine.show(race)).contexts.length !== 1) {
  await new Promise(resolve => setTimeout(resolve, 5));
}
await engine.raiseSignal(signal, 'stop');
process.stdout.write(`ready ${signal} ${race}\n`);
setInterval(() => {}, 1_000);
