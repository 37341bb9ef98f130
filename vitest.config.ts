import { defineConfig } from 'vitest/config';

// Each looks after every namespace, or changes what there is once in a cluster: beside others they would change each other's outcome.
const ALONE = [
  'test/cluster/rbac.test.ts',
  'test/cluster/operator/alone.test.ts',
  'test/cluster/operator/discovery.test.ts',
  'test/cluster/operator/halt.test.ts',
  'test/cluster/operator/prometheus.test.ts',
];

export default defineConfig({
  test: {
    // The machine that CI has: two cores.
    maxWorkers: 2,
    // Runs side by side would share it, and the order of files is to be the same every time.
    cache: false,
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/api/generated/**'] },
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          testTimeout: 60_000,
          hookTimeout: 120_000,
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
          testTimeout: 120_000,
          hookTimeout: 240_000,
          // Each has a control plane of its own: two at once would measure the machine.
          fileParallelism: false,
        },
      },
    ],
  },
});
