// An engine that sets properties of its runtime configuration one after the other, each told when it is done, until it is
// killed by itself in the midst of them.
//
// usage: settings.mjs FOLDER COUNT

import { createEngine } from '../../../dist/src/engine/index.js';

const [folder, count] = process.argv.slice(2);
const engine = await createEngine({ dataFolder: folder, threads: 1 });
for (let n = 1; ; n++) {
  const done = engine.configuration.set({ branch: '/killed/', property: 'N', value: n }, { user: 'ann' });
  // What was asked for last is stored, or it is not.
  if (n > Number(count)) process.kill(process.pid, 'SIGKILL');
  await done;
  console.log(`set ${n}`);
}
