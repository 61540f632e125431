// The long files first, so that no processor stands still at the end while another is busy with one of them. Without what
// an earlier run has noted, as in a clean clone, Vitest goes by size, and some of the smallest files take longest. Those
// that share a process come last and one after the other: their process lives only as long as the next file is one of them.

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Below `test`, in the order they begin. Those that wait begin together; those that start many processes stand apart. */
const long = [
  'faults/disturbed',
  'faults/blocked-main',
  'engine/long-loop',
  'faults/kill',
  'faults/cluster',
  'store/shared-folder',
  'faults/programs',
  'faults/throttles',
  'bench/toy',
  'faults/failover',
  'cli/examples',
  'engine/cluster',
  'engine/store-trouble',
  'engine/two-coordinators',
  'engine/runtime-configuration',
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const at = long.findIndex(name => moduleId.endsWith(`/test/${name}.test.ts`));
      const sharesProcess = project.config.isolate ? 0 : long.length + 1;
      return sharesProcess + (at === -1 ? long.length : at);
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
