import { defineConfig } from 'vitest/config';

// Run by npm run e2e, which brings up what these tests need. What they wait for has deadlines of its own.
const TEST_MS = 600_000;

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    bail: 1,
    testTimeout: TEST_MS,
    hookTimeout: TEST_MS,
  },
});
