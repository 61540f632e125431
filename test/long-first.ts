// The long files first, so that no processor stands still at the end while another is busy with one of them. Without what
// an earlier run has noted, as in a clean clone, Vitest goes by size, and some of the smallest files take longest.

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Below `test`, in the order they begin: half a minute each and more. Those that mostly wait stand beside those that work. */
const long = [
  'bench/toy',
  'faults/blocked-main',
  'faults/cluster',
  'faults/disturbed',
  'cli/examples',
  'faults/kill',
  'store/shared-folder',
  'engine/long-loop',
  'faults/programs',
  'engine/cluster',
  'faults/failover',
  'engine/store-trouble',
  'engine/two-coordinators',
  'engine/runtime-configuration',
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex(name => moduleId.endsWith(`/test/${name}.test.ts`));
      return at === -1 ? long.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
