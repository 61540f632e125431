// A process with a watchdog whose main loop can be blocked; started by watchdog.test.ts, which orders it about by lines
// on its standard input and reads what it says, a JSON value a line, on its standard output.

import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { MessageChannel } from 'node:worker_threads';
import { Watchdog } from '../../dist/src/observe/watchdog.js';

const options = JSON.parse(process.argv[2]);
const say = value => process.stdout.write(`${JSON.stringify(value)}\n`);

const { port1, port2 } = new MessageChannel();
const watchdog = await Watchdog.start({ ...options, record: port1 });
port2.on('message', event => say(event));
if (options.idle) port2.unref();
else {
  createInterface({ input: process.stdin }).on('line', line => {
    const [order, argument] = line.split(' ');
    if (order === 'state') watchdog.setState(argument);
    if (order === 'block') {
      // Until the file exists: nobody has to guess how long is long enough.
      while (!existsSync(argument));
      watchdog.progressed();
    }
    if (order === 'throw') throw new Error('the loop is broken');
    say(`${order} done`);
  });
}
say({ port: watchdog.port });
