// Loaded anew before every test file.

import { afterAll } from 'vitest';
import { fileEnds } from './at-file-end.js';

afterAll(fileEnds);
