// The option of the commands that run an engine: whether workflows may write into its database.

import { Option } from 'commander';

export function sqlOption(): Option {
  return new Option('--sql', 'let `sql` actions run: workflows then write into the database of the store');
}
