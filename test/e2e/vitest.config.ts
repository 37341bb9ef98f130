import { defineConfig } from 'vitest/config';

// Run by npm run e2e, which brings up what these tests need.
export default defineConfig({
  test: { include: ['test/e2e/**/*.test.ts'], fileParallelism: false, bail: 1 },
});
