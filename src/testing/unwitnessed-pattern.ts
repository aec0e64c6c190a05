/** A STIX pattern with no literal to look for, which no event fulfils: with it loaded every record is decoded and tried for all rules. */
export const UNWITNESSED_BUNDLE = {
  type: 'bundle',
  id: 'bundle--5f7c1d3a-0000-4000-8000-000000000001',
  objects: [
    {
      type: 'indicator',
      spec_version: '2.1',
      id: 'indicator--5f7c1d3a-0000-4000-8000-000000000002',
      created: '2020-01-01T00:00:00.000Z',
      modified: '2020-01-01T00:00:00.000Z',
      pattern: '[network-traffic:src_port > 70000]',
      pattern_type: 'stix',
      valid_from: '2020-01-01T00:00:00Z',
    },
  ],
} as const;
