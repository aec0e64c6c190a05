import { defineConfig } from 'vitest/config';

/** Tests that start real servers and peers. They skip visibly, with the reason, where one cannot be had. */
export default defineConfig({
  test: {
    include: ['src/**/*.service.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    passWithNoTests: true,
  },
});
