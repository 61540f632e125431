// The module files of a branch, as they lie on the disk.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ModuleListing } from '../../src/actions/module-listing.js';
import { temporaryFolder } from './setup.js';

test('what cannot be looked at hides none of the modules beside it', () => {
  const folder = path.join(temporaryFolder(), 'modules');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'b.mjs'), '');
  writeFileSync(path.join(folder, 'a.js'), '');
  writeFileSync(path.join(folder, 'notes.txt'), '');
  mkdirSync(path.join(folder, 'folder.mjs'));
  symlinkSync('circle.mjs', path.join(folder, 'circle.mjs'));
  symlinkSync('nowhere', path.join(folder, 'dangling.mjs'));
  const { files, unusable } = new ModuleListing([folder]).look(0);
  expect(files).toEqual(['a.js', 'b.mjs'].map(name => path.join(folder, name)));
  expect(unusable).toEqual([]);
});
