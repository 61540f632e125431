// Shares a folder without an engine until it is killed: `holder` or `client`.

import { openSharedFolder } from '../../../dist/src/store/pglite/shared/folder.js';

const [folder] = process.argv.slice(2);
const home = await openSharedFolder({ folder });
process.stdout.write(`${home.role}\n`);
setInterval(() => {}, 1_000);
