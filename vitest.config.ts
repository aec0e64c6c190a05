import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: process.env.FLINT_NIGHTLY === '1' ? 3_600_000 : 60_000,
    // What many rounds have written takes its time to be removed.
    hookTimeout: process.env.FLINT_NIGHTLY === '1' ? 600_000 : 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          globalSetup: ['scripts/kernels.mjs'],
          include: ['src/**/*.test.ts', 'conformance/**/*.test.ts'],
          exclude: ['src/**/*.service.test.ts', 'src/**/*.e2e.test.ts'],
          // Nothing else runs beside them; the default leaves one processor idle, which is half of a small machine.
          maxWorkers: '100%',
          // Modules keep nothing of a test (no registration, clocks and randomness handed in), so files share them: 40 % less processor time.
          isolate: false,
        },
      },
      {
        // The built program in processes of its own, after the unit tests. Two files at a time: many of them wait, few keep a processor busy.
        extends: true,
        test: {
          name: 'e2e',
          globalSetup: ['scripts/dist.mjs'],
          include: ['src/**/*.e2e.test.ts'],
          hookTimeout: process.env.FLINT_NIGHTLY === '1' ? 600_000 : 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
