import { describe, expect, it } from 'vitest';
import type { CheckReport } from '../engine/config/check-config.ts';
import { withFix } from '../errors/with-fix.ts';
import { hasErrors, summaryLine } from './check.ts';

const REPORT: CheckReport = {
  diagnostics: [],
  inputs: 1,
  outputs: 2,
  feeds: 1,
  indicators: 1234,
  benign: 0,
  badEntries: 0,
  sigmaRules: 0,
  correlations: 0,
  fluxRules: 3,
  patterns: 0,
  tableBytes: 2048,
  scannerBytes: 1 << 20,
};

describe('flint check', () => {
  it('ends with one line that says everything', () => {
    expect(summaryLine(REPORT, false)).toBe(
      'good: 0 errors, 0 warnings, 0 notes; 1 input, 2 outputs, 1,234 indicators of 1 feed, 0 Sigma rules, 3 flux rules; ' +
        'indicators take 2.0 KiB of tables and 1.0 MiB of scanner memory',
    );
  });

  it('is not good with a bad entry, whether its diagnostic was kept or not', () => {
    expect(hasErrors(REPORT)).toBe(false);
    expect(hasErrors({ ...REPORT, badEntries: 1 })).toBe(true);
    expect(summaryLine({ ...REPORT, badEntries: 2 }, false)).toMatch(/^not good: .* 2 bad entries,/);
  });

  it('gives every finding a fix', () => {
    const problem = { code: 'INTEL_FETCH_FAILED', severity: 'error', message: 'x' } as const;
    expect(withFix(problem).hint).toContain('check the address');
    expect(withFix({ ...problem, hint: 'own' }).hint).toBe('own');
  });
});
