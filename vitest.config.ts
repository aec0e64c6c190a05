import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['scripts/kernels.mjs'],
    include: ['src/**/*.test.ts', 'conformance/**/*.test.ts'],
    exclude: ['src/**/*.service.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
