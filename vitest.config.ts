import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Each looks after every namespace, or changes what there is once in a cluster: beside others they would change each other's outcome.
const ALONE = [
  'test/cluster/rbac.test.ts',
  'test/cluster/operator/alone.test.ts',
  'test/cluster/operator/discovery.test.ts',
  'test/cluster/operator/halt.test.ts',
  'test/cluster/operator/prometheus.test.ts',
  'test/cluster/operator/runbooks.test.ts',
];

// Those that wait longest, half a minute and more. The rest goes by size, so that these would come last, and beside nothing.
const LONG = [
  'failover',
  'failover-refused',
  'startup-order',
  'foreign',
  'restart',
  'status',
  'healing',
  'history',
].map((name) => `test/cluster/operator/${name}.test.ts`);

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((name) => moduleId.endsWith(name));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// What a test waits for has deadlines of its own, which say what did not come; this one only ends what hangs.
const TEST_MS = 900_000;
// The tests without a cluster run at a tenth of the weight of all others.
const WAIT_MS = 180_000;

export default defineConfig({
  test: {
    // Files that run in the same process share the modules that they load: loading them anew for each of 250 files was a third of the work. So no
    // module of src, hack or test/support may keep what a test leaves behind.
    isolate: false,
    sequence: { sequencer: LongFirst },
    // The machine that CI has: two cores.
    maxWorkers: 2,
    // Runs side by side would share it, and the order of files is to be the same every time.
    cache: false,
    expect: { poll: { timeout: WAIT_MS } },
    // The message of a failure is all that is left of a run: what differs is told, not "…(1)".
    chaiConfig: { truncateThreshold: 1_000 },
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/api/generated/**'] },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: TEST_MS, hookTimeout: TEST_MS },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: TEST_MS,
          hookTimeout: TEST_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          testTimeout: TEST_MS,
          hookTimeout: TEST_MS,
          fileParallelism: false,
          // After the project cluster, where both run.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: TEST_MS,
          hookTimeout: TEST_MS,
          // Each has a control plane of its own: two at once would measure the machine.
          fileParallelism: false,
        },
      },
    ],
  },
});
