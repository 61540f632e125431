// Makes the template a first start is laid down from (`src/store/pglite/template.ts`). Part of `npm run build`; a
// template that is there for this version of PGlite, recipe and schema is left as it is.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { initialise, packTemplate, templateFile } from '../src/store/pglite/template.js';

const target = fileURLToPath(templateFile());
if (!fs.existsSync(target)) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-template-'));
  try {
    const database = path.join(folder, 'database');
    await initialise(database);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    // Renamed into place, so that a build stopped half-way or another beside it leaves no half file.
    fs.writeFileSync(`${target}.${process.pid}`, packTemplate(database));
    fs.renameSync(`${target}.${process.pid}`, target);
    removeOthers(target);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Templates of other versions, which would otherwise be packed with the package. */
function removeOthers(target: string): void {
  const folder = path.dirname(target);
  for (const name of fs.readdirSync(folder)) {
    if (name !== path.basename(target)) fs.rmSync(path.join(folder, name), { force: true });
  }
}
