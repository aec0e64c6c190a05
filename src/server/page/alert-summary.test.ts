import { expect, it } from 'vitest';
import { fakeAlert } from '../../../testdata/server/fake-service-view.ts';
import { field, searchText, summarize } from './alert-summary.ts';

it('says what matched, where and between whom', () => {
  expect(summarize(fakeAlert())).toEqual({
    title: 'Sample: update-check loader',
    matched: { field: 'dns_query', value: 'login.update-check.example' },
    moreMatches: 0,
    where: 'ws-042',
    peers: '192.0.2.42 → 203.0.113.66:8443',
    times: 1,
  });
});

it('falls back to the input when the event names no host', () => {
  const { source: _source, destination: _destination, host: _host, ...bare } = fakeAlert();
  expect(summarize(bare)).toMatchObject({ where: 'udp://192.0.2.42:40001', peers: '' });
  expect(summarize({ ...bare, destination: { ip: '2001:db8::1', port: 443 } }).peers).toBe('[2001:db8::1]:443');
});

it('says of a rule over several events what was counted, and of whom', () => {
  const alert = fakeAlert();
  const matched = [{ field: 'event_count', value: '12', item: 'event_count', how: '>= 10' }];
  const grouped = { ...alert, flint: { ...alert.flint, matched, count: 12, group: { host: 'ws-042', user: 'alice' } } };
  expect(summarize(grouped)).toMatchObject({ matched: { field: 'event_count 12', value: 'ws-042, alice' }, times: 1 });
  expect(searchText(grouped)).toContain('alice');
});

it('searches rule, value, provider and peers in lower case', () => {
  const text = searchText(fakeAlert({ name: 'Loud RULE' }));
  for (const part of ['loud rule', 'login.update-check.example', 'flint-samples', '203.0.113.66:8443', 'ws-042'])
    expect(text).toContain(part);
});

it('reads own scalar fields only', () => {
  expect(field({ name: 7 }, 'name')).toBe('7');
  expect([field({}, 'constructor'), field({ name: null }, 'name'), field({ name: ['x'] }, 'name')]).toEqual([
    '',
    '',
    '',
  ]);
});
