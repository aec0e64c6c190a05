import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fakeServiceView } from '../../testdata/server/fake-service-view.ts';
import { SERVICE_METRICS, serviceMetrics } from './service-metrics.ts';

it('are those of docs/metrics.md, with the same help', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| (counter|gauge) \| `([a-z_]+)` \| (.+) \|$/gm)].map(
    ([, type, name, help]) => ({
      name,
      type,
      help,
    }),
  );
  expect(documented).toEqual(SERVICE_METRICS.map(({ name, type, help }) => ({ name, type, help })));
});

it('are lines of the Prometheus text format, names of sources escaped', () => {
  const view = fakeServiceView(1_700_000_000_000);
  const source = { name: 'a"b\\c\nd', format: 'list', indicators: 1, byKind: { domain: 1 }, skipped: {} };
  view.service = { ...view.service, intelligence: [source] };
  const requests = new Map([
    [200, 7],
    [404, 1],
  ]);
  const text = serviceMetrics(view, { failedLogins: 3, taxii: { requests, characters: 12 } });
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(
      /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)+\})? \d+(?:\.\d+)?)$/,
    );
  }
  expect(text).toContain('flint_intelligence_indicators{source="a\\"b\\\\c\\nd",kind="domain"} 1\n');
  expect(text).toContain('flint_start_time_seconds 1700000000\n');
  expect(text).toContain('flint_http_failed_logins_total 3\n');
  expect(text).toContain('flint_taxii_server_requests_total{status="404"} 1\n');
  expect(text).toContain('flint_taxii_server_characters_total 12\n');
});
