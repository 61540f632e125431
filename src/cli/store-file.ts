// A definition file into the repository of a folder or of a server.

import { isAbsolute } from 'node:path';
import type { Command } from 'commander';
import { faultLine, readDefinition } from './definition-file.js';
import { Refusal } from './exit.js';
import { withPlace } from './place.js';

/** @param baseFolder `null`: the file's own; a server on another machine has another @throws Refusal with every fault */
export async function storeFile(
  file: string,
  baseFolder: string | null,
  command: Command,
): Promise<{ readonly name: string; readonly version: number }> {
  if (baseFolder !== null && !isAbsolute(baseFolder)) {
    throw new Refusal([`--base-folder ${baseFolder}: is no absolute path`]);
  }
  // Whoever stores it knows what modules its branch has.
  const read = await readDefinition(file, () => true);
  if ('faults' in read) throw new Refusal(read.faults.map(faultLine));
  const { definition, folder } = read;
  return withPlace(command, place => place.deploy(definition, baseFolder ?? folder), 'make-store');
}
