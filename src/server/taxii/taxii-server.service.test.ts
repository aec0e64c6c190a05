/**
 * The TAXII server against the official Python client, taxii2-client: discovery with a relative API root, both ways to authenticate, pages, filters,
 * one object, versions, errors; every object is parsed by stix2, which refuses what STIX 2.1 does not know.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeServiceView } from '../../../testdata/server/fake-service-view.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import type { IndicatorKind } from '../../core/indicator.ts';
import { LayeredTable } from '../../core/layered-table.ts';
import { stixBundle } from '../../encode/stix.ts';
import { installOasisPython, runOasisPython } from '../../testing/oasis-python.ts';
import { sampleAlert, sampleEvent, sampleMatch, sampleRuleMatch } from '../../testing/sample-alert.ts';
import { type HttpServer, startHttpServer } from '../http-server.ts';
import { PAGE_FILES } from '../page-files.ts';
import { IndicatorCatalogue } from './indicator-catalogue.ts';
import { indicatorSnapshot } from './indicator-snapshot.ts';
import { SightingStore } from './sighting-store.ts';
import { TaxiiServer } from './taxii-server.ts';

const TOKEN = 'a-token-of-some-length';
const INDICATORS = 700;
const ALERTS = 30;
const KINDS: readonly (readonly [IndicatorKind, string])[] = [
  ['url', 'https://a.example/x'],
  ['ipv6', '2001:db8::1'],
  ['network', '198.51.100.0/24'],
  ['email', 'a@b.example'],
  ['hash', 'c'.repeat(64)],
  ['mutex', "Global\\o'x"],
  ['endpoint', '[2001:db8::1]:8080'],
];
const missing = installOasisPython();

const SCRIPT = `
import json, sys, requests, stix2
from taxii2client.v21 import Server, as_pages
url, token = sys.argv[1], sys.argv[2]
out = {}
server = Server(url + '/taxii2/', user='anybody', password=token)
out['title'] = server.title
out['roots'] = len(server.api_roots)
root = server.default
out['versions'] = root.versions
out['collections'] = sorted((c.title, c.can_read, c.can_write) for c in root.collections)
by_title = {c.title: c for c in root.collections}
indicators, sightings = by_title['Indicators'], by_title['Sightings']
def pages(get, per, **filters):
    return [page for page in as_pages(get, per_request=per, **filters)]
got = pages(indicators.get_objects, 100)
objects = [o for page in got for o in page['objects']]
out['pages'] = len(got)
out['indicators'] = len(objects)
out['distinct'] = len({o['id'] for o in objects})
for o in objects: stix2.parse(o, allow_custom=False, version='2.1')
manifest = [o for page in pages(indicators.get_manifest, 100) for o in page['objects']]
out['manifest'] = [m['id'] for m in manifest] == [o['id'] for o in objects]
out['media'] = sorted({m['media_type'] for m in manifest})
dates = [m['date_added'] for m in manifest]
out['sorted'] = dates == sorted(dates) and len(set(dates)) == len(dates)
after = indicators.get_objects(added_after=dates[-4])
out['after'] = [o['id'] for o in after['objects']] == [m['id'] for m in manifest[-3:]]
some = objects[5]['id']
out['one'] = indicators.get_object(some)['objects'][0]['id'] == some
out['object_versions'] = indicators.object_versions(some)['versions'] == [objects[5]['modified']]
out['by_id'] = len(indicators.get_objects(id=[some, objects[6]['id']])['objects'])
out['none'] = indicators.get_objects(type='malware')
seen = [o for page in pages(sightings.get_objects, 50) for o in page['objects']]
out['sightings'] = sum(1 for o in seen if o['type'] == 'sighting')
for o in seen: stix2.parse(o, allow_custom=False, version='2.1')
ids = {o['id'] for o in seen}
dangling = set()
for o in seen:
    for key, value in o.items():
        if key.endswith('_ref') and key != 'sighting_of_ref' and value not in ids: dangling.add(value)
        if key.endswith('_refs') and key != 'object_marking_refs': dangling |= {v for v in value if v not in ids}
out['dangling'] = sorted(dangling)
only = sightings.get_objects(type=['sighting', 'identity'])['objects']
out['types'] = sorted({o['type'] for o in only})
def status(call):
    try:
        call()
        return 200
    except requests.exceptions.HTTPError as error:
        return error.response.status_code
out['unknown'] = status(lambda: indicators.get_object('indicator--00000000-0000-4000-8000-000000000000'))
out['write'] = status(lambda: requests.post(indicators.objects_url, json={'objects': []}, auth=('x', token), headers={'Content-Type': 'application/taxii+json;version=2.1'}).raise_for_status())
out['wrong'] = status(lambda: Server(url + '/taxii2/', user='x', password='wrong').refresh())
out['accept'] = status(lambda: server._conn.get(url + '/taxii2/', headers={'Accept': 'application/json'}))
bearer = requests.get(url + '/taxii2/', headers={'Authorization': 'Bearer ' + token, 'Accept': 'application/taxii+json;version=2.1'})
out['bearer'] = bearer.status_code
print(json.dumps(out))
`;

describe.skipIf(missing !== '')(`TAXII server and taxii2-client ${missing}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-taxii-python-'));
  let server: HttpServer;

  beforeAll(async () => {
    for (const name of Object.keys(PAGE_FILES)) writeFileSync(join(folder, name), `file ${name}`);
    const builder = new IndicatorTableBuilder();
    const feed = builder.addFeed('list');
    const details = builder.addDetails(feed, {
      ...{ provider: 'list', confidence: 60, tlp: 'amber+strict' as const, validFromMs: Date.UTC(2024, 0, 1) },
      ...{ killChain: [{ chain: 'mitre-attack', phase: 'initial-access' }], types: ['malicious-activity'] },
      references: ['https://a.example/report'],
    });
    for (const [kind, value] of KINDS) builder.add(kind, value, 'exact', details);
    for (let n = KINDS.length; n < INDICATORS; n++) builder.add('domain', `d${n}.example`, 'subdomain', details);
    const snapshot = indicatorSnapshot(new LayeredTable(builder.finish()), [], INDICATORS, 'red');
    const onDiskProblem = (reason: string): void => {
      throw new Error(reason);
    };
    const sightings = new SightingStore({ maxBytes: 10_000_000, now: Date.now, onDiskProblem });
    for (let n = 0; n < ALERTS; n++) {
      const match = n % 2 === 0 ? sampleMatch() : sampleRuleMatch();
      sightings.add(stixBundle(sampleAlert(match, sampleEvent(undefined, n)), 'sensor').objects);
    }
    const catalogue = new IndicatorCatalogue({ current: () => snapshot, now: Date.now, onDiskProblem });
    server = await startHttpServer({
      view: fakeServiceView(Date.now()),
      port: 0,
      pageDirectory: folder,
      token: TOKEN,
      taxii: new TaxiiServer([catalogue, sightings], 'Flint'),
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('agree', async () => {
    const out = JSON.parse(await runOasisPython(SCRIPT, '', [server.url, TOKEN])) as Record<string, unknown>;
    expect(out).toEqual({
      title: 'Flint',
      roots: 1,
      versions: ['application/taxii+json;version=2.1'],
      collections: [
        ['Indicators', true, false],
        ['Sightings', true, false],
      ],
      pages: INDICATORS / 100,
      indicators: INDICATORS,
      distinct: INDICATORS,
      manifest: true,
      media: ['application/stix+json;version=2.1'],
      sorted: true,
      after: true,
      one: true,
      object_versions: true,
      by_id: 2,
      none: {},
      sightings: ALERTS,
      dangling: [],
      types: ['identity', 'sighting'],
      unknown: 404,
      write: 404,
      wrong: 401,
      accept: 406,
      bearer: 200,
    });
  });
});
