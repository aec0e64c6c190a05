import { defineConfig } from 'vitest/config';

/** Tests that start real servers and peers. They skip visibly, with the reason, where one cannot be had. */
export default defineConfig({
  test: {
    include: ['src/**/*.service.test.ts'],
    testTimeout: process.env.FLINT_NIGHTLY === '1' ? 3_600_000 : 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    passWithNoTests: true,
  },
});
