import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The machine that CI has: two cores.
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/api/generated/**'] },
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'cluster', include: ['test/cluster/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 },
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
