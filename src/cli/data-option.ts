// The option every command has that looks into a store.

import { Option } from 'commander';

export const defaultFolder = 'millrace-data';

export function dataOption(description: string): Option {
  return new Option('-d, --data <folder>', description).default(defaultFolder);
}

/** ` --data FOLDER` for a command in a hint, or nothing when it is the default. */
export function dataHint(folder: string): string {
  if (folder === defaultFolder) return '';
  return ` --data ${/^[\w./~-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`}`;
}
