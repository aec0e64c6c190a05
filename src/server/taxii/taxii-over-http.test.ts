/** The TAXII server behind the HTTP server: access, and Flint's own TAXII client pulling from it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fakeServiceView } from '../../../testdata/server/fake-service-view.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import { LayeredTable } from '../../core/layered-table.ts';
import { stixBundle } from '../../encode/stix.ts';
import type { RequestAuth } from '../../intel/http/request-auth.ts';
import { REMOTE_DEFAULTS, systemSurroundings } from '../../intel/http/polite-client.ts';
import { pullTaxii } from '../../intel/taxii/taxii-pull.ts';
import { sampleAlert, sampleEvent, sampleMatch } from '../../testing/sample-alert.ts';
import { type HttpServer, startHttpServer } from '../http-server.ts';
import { PAGE_FILES } from '../page-files.ts';
import { IndicatorCatalogue } from './indicator-catalogue.ts';
import { indicatorSnapshot } from './indicator-snapshot.ts';
import { SightingStore } from './sighting-store.ts';
import { TaxiiServer } from './taxii-server.ts';

const TOKEN = 'a-token-of-some-length';
const ACCEPT = 'application/taxii+json;version=2.1';
let folder = '';
let server: HttpServer | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-taxii-http-'));
  for (const name of Object.keys(PAGE_FILES)) writeFileSync(join(folder, name), `file ${name}`);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const INDICATORS = 2500;
const ALERTS = 40;

async function start(token?: string): Promise<string> {
  const builder = new IndicatorTableBuilder();
  const details = builder.addDetails(builder.addFeed('list'), { provider: 'list', confidence: 60 });
  for (let n = 0; n < INDICATORS; n++) builder.add('ipv4', `198.51.${n >> 8}.${n & 255}`, 'exact', details);
  const snapshot = indicatorSnapshot(new LayeredTable(builder.finish()), [], INDICATORS, 'red');
  const onDiskProblem = (reason: string): void => {
    throw new Error(reason);
  };
  const sightings = new SightingStore({ maxBytes: 10_000_000, now: Date.now, onDiskProblem });
  for (let n = 0; n < ALERTS; n++)
    sightings.add(stixBundle(sampleAlert(sampleMatch(), sampleEvent(undefined, n)), 'sensor').objects);
  const catalogue = new IndicatorCatalogue({ current: () => snapshot, now: Date.now, onDiskProblem });
  server = await startHttpServer({
    view: fakeServiceView(Date.now()),
    port: 0,
    pageDirectory: folder,
    taxii: new TaxiiServer([catalogue, sightings], 'Flint'),
    ...(token !== undefined && { token }),
  });
  return server.url;
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('access', () => {
  it.each([
    ['a bearer token', `Bearer ${TOKEN}`, 200],
    ['the token as password', basic('anybody', TOKEN), 200],
    ['no token', undefined, 401],
    ['a wrong token', 'Bearer not-the-token-of-it', 401],
    ['a wrong password', basic(TOKEN, 'no'), 401],
    ['nothing sensible', 'Basic %%%', 401],
  ])('with %s: %s gives %i', async (_name, authorization, status) => {
    const url = await start(TOKEN);
    const headers = { accept: ACCEPT, ...(authorization !== undefined && { authorization }) };
    const answer = await fetch(`${url}/taxii2/`, { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe(ACCEPT);
    const content = (await answer.json()) as Record<string, unknown>;
    if (status === 200) expect(content).toHaveProperty('api_roots');
    else {
      expect(content).toMatchObject({ http_status: '401' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="flint", Basic realm="flint", charset="UTF-8"');
    }
  });

  it('takes the password nowhere else: a browser would send it along with requests of other sites', async () => {
    const url = await start(TOKEN);
    const answer = await fetch(`${url}/api/status`, { headers: { authorization: basic('u', TOKEN) } });
    expect(answer.status).toBe(401);
  });

  it.each(['POST', 'DELETE', 'PUT'])('refuses %s with a TAXII error: there is nothing to write', async (method) => {
    const url = await start();
    const headers = { accept: ACCEPT, 'content-type': ACCEPT };
    const body = method === 'DELETE' ? {} : { body: '{"objects":[]}' };
    const answer = await fetch(`${url}/taxii2/flint/collections/sightings/objects/`, { method, headers, ...body });
    expect([403, 404, 415]).toContain(answer.status);
    expect(await answer.json()).toMatchObject({ http_status: String(answer.status) });
  });

  it('keeps addresses beside /taxii2/ as they are', async () => {
    const url = await start();
    expect(await (await fetch(`${url}/taxii2x`)).json()).toEqual({ error: 'not found' });
    expect((await fetch(`${url}/taxii2`, { headers: { accept: ACCEPT } })).status).toBe(404);
  });
});

it("Flint's own client pulls all of it, and nothing the second time", async () => {
  const url = await start(TOKEN);
  const auth: RequestAuth = { kind: 'basic', user: 'flint', password: TOKEN };
  const remote = { ...REMOTE_DEFAULTS, url, auth, allowPrivateAddresses: true, maxTries: 1 };
  const options = { folder: join(folder, 'pulled'), surroundings: systemSurroundings, pageSize: 400 };
  const { collections, diagnostics } = await pullTaxii(remote, options);
  expect(diagnostics).toEqual([]);
  const pulled = collections.map(({ collection, report, store }) => ({
    title: collection.title,
    complete: report.complete,
    objects: readFileSync(join(options.folder, store, 'objects.ndjson'), 'utf8')
      .trim()
      .split('\n'),
  }));
  expect(pulled.map(({ title, complete }) => [title, complete])).toEqual([
    ['Indicators', true],
    ['Sightings', true],
  ]);
  const [indicators = [], sightings = []] = pulled.map(({ objects }) => objects.map((text) => JSON.parse(text)));
  expect(new Set(indicators.map(({ id }) => id)).size).toBe(INDICATORS);
  expect(sightings.filter(({ type }) => type === 'sighting')).toHaveLength(ALERTS);
  const again = await pullTaxii(remote, options);
  expect(again.collections.map(({ report }) => report.added)).toEqual([0, 0]);
});

describe('metrics', () => {
  it('counts what it answers, by status', async () => {
    const url = await start();
    for (const path of ['/taxii2/', '/taxii2/flint/', '/taxii2/nothing/'])
      await (await fetch(`${url}${path}`, { headers: { accept: ACCEPT } })).text();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('flint_taxii_server_requests_total{status="200"} 2\n');
    expect(metrics).toContain('flint_taxii_server_requests_total{status="404"} 1\n');
    expect(metrics).toMatch(/^flint_taxii_server_characters_total [1-9]/m);
  });
});
