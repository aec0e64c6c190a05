import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeView, fakeAlert, fakeServiceView, shown } from '../../testdata/server/fake-service-view.ts';
import { FlintError } from '../errors/diagnostic.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../testing/tls-certificate.ts';
import { type HttpServer, type HttpServerOptions, startHttpServer } from './http-server.ts';
import { PAGE_FILES } from './page-files.ts';

const TOKEN = 'a-token-of-some-length';
const START_MS = Date.UTC(2026, 2, 17, 9);
let pageDirectory = '';
let server: HttpServer | undefined;

beforeAll(() => {
  pageDirectory = mkdtempSync(join(tmpdir(), 'flint-page-'));
  for (const name of Object.keys(PAGE_FILES)) writeFileSync(join(pageDirectory, name), `file ${name}`);
});
afterAll(() => rmSync(pageDirectory, { recursive: true }));
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(options: Partial<HttpServerOptions> = {}): Promise<{ view: FakeView; port: number }> {
  const view = fakeServiceView(START_MS);
  server = await startHttpServer({
    view,
    port: 0,
    now: () => START_MS + 60_000,
    pageDirectory,
    ...options,
  });
  return { view, port: Number(new URL(server.url).port) };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

function ask(port: number, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (data) => {
        text += data;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const BEARER = { authorization: `Bearer ${TOKEN}` };

describe('routes', () => {
  it('looks values and prefixes up, and says what it does not understand', async () => {
    const { port } = await start();
    const get = async (query: string): Promise<unknown> =>
      (await fetch(`http://127.0.0.1:${port}/api/intel?${query}`)).json();
    expect(await get('value=evil.example')).toEqual({ value: 'evil.example', indicators: [] });
    expect(await get('prefix=evil*&limit=7')).toEqual({ prefix: 'evil', total: 7, indicators: [] });
    expect(await get('prefx=evil')).toEqual({ error: expect.stringContaining('did you mean "prefix"') });
    for (const bad of ['', 'value=a&prefix=b', 'prefix=*', 'prefix=a&limit=0', 'value=a&value=b'])
      expect(await get(bad), bad).toEqual({ error: expect.any(String) });
  });

  it('answer probes', async () => {
    const { view, port } = await start();
    expect(await ask(port, '/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(await ask(port, '/readyz')).toMatchObject({ status: 200, text: '{"ready":true,"reasons":[]}' });
    view.ready = false;
    expect(await ask(port, '/readyz')).toMatchObject({
      status: 503,
      text: JSON.stringify({ ready: false, reasons: ['feed "urlhaus" has not loaded yet'] }),
    });
  });

  it('give metrics of the service and of the server itself', async () => {
    const { port } = await start();
    const { headers, text } = await ask(port, '/metrics');
    expect(headers['content-type']).toContain('version=0.0.4');
    const lines = text.split('\n');
    expect(lines).toContain('flint_input_received_records_total{name="gelf"} 1204332');
    expect(lines).toContain('flint_sink_other_total{name="live-view",what="clients"} 0');
    expect(lines).toContain('flint_ready 1');
    expect(lines).toContain('flint_intelligence_indicators{source="urlhaus",kind="url"} 128431');
  });

  it('give the status', async () => {
    const { view, port } = await start();
    view.alerts.push(shown(fakeAlert()));
    const status = JSON.parse((await ask(port, '/api/status')).text);
    expect(status).toMatchObject({
      nowMs: START_MS + 60_000,
      service: { version: '0.1.0', workers: 2 },
      readiness: { ready: true },
      state: { rules: [{ rule: 'many-failed', groups: 3, late: 1 }], others: { rules: 0 } },
      alerts: { total: 1, instance: view.alerts.instance },
      tokenNeeded: false,
    });
    expect(status.testCommands.map((one: { input: string }) => one.input)).toContain('gelf');
  });

  it('give of many rules over several events those with the largest memory, and the sum of the others', async () => {
    const { view, port } = await start();
    const [known] = view.stateReports;
    if (known === undefined) throw new Error('no report');
    view.stateReports = Array.from({ length: 200 }, (_, i) => ({ ...known, rule: `r${i}`, bytes: i, early: 2 }));
    const { state } = JSON.parse((await ask(port, '/api/status')).text);
    expect(state.rules.map(({ rule }: { rule: string }) => rule)).toEqual(
      [199, 198, 197, 196, 195, 194, 193, 192].map((i) => `r${i}`),
    );
    expect(state.others).toMatchObject({
      rules: 192,
      total: { bytes: (191 * 192) / 2, late: 192, early: 384, ungrouped: 0 },
    });
  });

  it('give recent alerts newest first, filtered by level and engine', async () => {
    const { view, port } = await start();
    view.alerts.push(shown(fakeAlert({ level: 'low' })));
    view.alerts.push(shown(fakeAlert({ level: 'critical' })));
    const sequences = async (query: string) =>
      JSON.parse((await ask(port, `/api/alerts${query}`)).text).alerts.map((one: { sequence: number }) => one.sequence);
    expect(await sequences('')).toEqual([2, 1]);
    expect(await sequences('?limit=1')).toEqual([2]);
    expect(await sequences('?level=low,medium')).toEqual([1]);
    expect(await sequences('?engine=sigma')).toEqual([]);
    expect(await sequences('?engine=sigma,indicator&level=critical')).toEqual([2]);
  });

  it.each([
    ['?levle=low', 'unknown parameter \\"levle\\"; did you mean \\"level\\"?'],
    ['?level=hihg', 'unknown level \\"hihg\\"; did you mean \\"high\\"?'],
    ['?engine=x&engine=y', 'given more than once'],
    ['?limit=0', 'no whole number from 1 to 1000'],
  ])('refuse the query %s', async (query, reason) => {
    const { port } = await start();
    const { status, text } = await ask(port, `/api/alerts${query}`);
    expect(status).toBe(400);
    expect(text).toContain(reason);
  });

  it('give the page and its files, and nothing else from disk', async () => {
    const { port } = await start();
    expect((await ask(port, '/')).text).toBe('file index.html');
    expect((await ask(port, '/page/page.js')).headers['content-type']).toBe('text/javascript; charset=utf-8');
    for (const path of ['/page/index.html', '/page/../http-server.js', '/page/%2e%2e/http-server.ts', '/x'])
      expect((await ask(port, path)).status).toBe(404);
  });

  it('carry the security headers on every answer', async () => {
    const { port } = await start();
    for (const path of ['/', '/api/status', '/healthz', '/nothing']) {
      const { headers } = await ask(port, path);
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('refuse large bodies and unknown body types', async () => {
    const { port } = await start({ token: TOKEN });
    expect((await ask(port, '/login', FORM, `token=${'x'.repeat(20_000)}`)).status).toBe(413);
    expect((await ask(port, '/login', { 'content-type': 'application/json' }, '{}')).status).toBe(415);
  });
});

describe('access over HTTP', () => {
  it('needs a strong token off loopback, before anything listens', async () => {
    const off = await start({ host: '0.0.0.0' }).catch((error: unknown) => error);
    expect((off as FlintError).diagnostics[0]?.code).toBe('SERVER_TOKEN_NEEDED');
    const weak = await start({ host: '0.0.0.0', token: 'short' }).catch((error: unknown) => error);
    expect((weak as FlintError).diagnostics[0]?.code).toBe('SERVER_TOKEN_WEAK');
    expect(server).toBeUndefined();
  });

  it('protects page, API and metrics, and leaves probes open without their reasons', async () => {
    const { view, port } = await start({ token: TOKEN });
    for (const path of ['/api/status', '/api/alerts', '/api/alerts/stream', '/metrics']) {
      const answer = await ask(port, path);
      expect([path, answer.status, answer.headers['www-authenticate']]).toEqual([path, 401, 'Bearer realm="flint"']);
    }
    expect(await ask(port, '/')).toMatchObject({ status: 303, headers: { location: '/login' } });
    view.ready = false;
    expect((await ask(port, '/readyz')).text).toBe('{"ready":false}');
    expect((await ask(port, '/readyz', BEARER)).text).toContain('urlhaus');
    expect((await ask(port, '/api/status', BEARER)).status).toBe(200);
  });

  it('logs in by form and out again', async () => {
    const { port } = await start({ token: TOKEN });
    expect((await ask(port, '/login', FORM, 'token=wrong')).headers.location).toBe('/login#wrong');
    const login = await ask(port, '/login', FORM, `token=${TOKEN}`);
    expect(login).toMatchObject({ status: 303, headers: { location: '/' } });
    const setCookie = login.headers['set-cookie']?.[0] ?? '';
    const cookie = setCookie.split(';')[0] as string;
    expect((await ask(port, '/api/status', { cookie })).status).toBe(200);
    expect((await ask(port, '/logout', { ...FORM, cookie }, '')).headers['set-cookie']?.[0]).toContain('Max-Age=0');
  });

  it('blocks an address after too many wrong tokens, in the API and in the form', async () => {
    const { port } = await start({ token: TOKEN, attemptLimits: { perWindow: 2, windowMs: 60_000, peerLimit: 8 } });
    for (let i = 0; i < 2; i++)
      expect((await ask(port, '/api/status', { authorization: 'Bearer wrong-wrong-wrong' })).status).toBe(401);
    const blocked = await ask(port, '/api/status', BEARER);
    expect([blocked.status, blocked.headers['retry-after']]).toEqual([429, '60']);
    expect((await ask(port, '/login', FORM, `token=${TOKEN}`)).headers.location).toBe('/login#wait');
  });

  it('refuses foreign names and origins on loopback too, though not to probes', async () => {
    const { port } = await start();
    expect((await ask(port, '/api/status', { host: 'rebound.example' })).status).toBe(403);
    expect((await ask(port, '/', { host: 'rebound.example' })).status).toBe(403);
    expect((await ask(port, '/api/status', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask(port, '/login', { ...FORM, origin: 'null' }, 'token=x')).status).toBe(403);
    expect((await ask(port, '/healthz', { host: 'pod-7.example' })).status).toBe(200);
    expect((await ask(port, '/api/status', { origin: `http://127.0.0.1:${port}` })).status).toBe(200);
  });
});

describe('the stream over HTTP', () => {
  function open(port: number, path: string, headers: Record<string, string>, until: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, path, headers }, (response) => {
        let text = `${response.statusCode} ${response.headers['content-type']}\n`;
        response.on('data', (data) => {
          text += data;
          if (!until.test(text)) return;
          outgoing.destroy();
          resolve(text);
        });
        response.on('error', () => resolve(text));
        response.on('close', () => resolve(text));
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  it('begins after Last-Event-ID and goes on live', async () => {
    const { view, port } = await start();
    for (let i = 0; i < 3; i++) view.alerts.push(shown(fakeAlert()));
    const headers = { 'last-event-id': `${view.alerts.instance}-2` };
    setTimeout(() => view.alerts.push(shown(fakeAlert({ name: 'live one' }))), 50);
    const text = await open(port, '/api/alerts/stream', headers, /live one/);
    expect(text).toMatch(/^200 text\/event-stream/);
    expect([...text.matchAll(/^id: \w+-(\d+)$/gm)].map((match) => match[1])).toEqual(['3', '4']);
  });

  it('is refused with 503 when too many are open', async () => {
    const limits = { clients: 0, queue: 1, perFlush: 1, flushMs: 1000, heartbeatMs: 1000 };
    const { port } = await start({ streamLimits: limits });
    expect(await ask(port, '/api/alerts/stream')).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
  });

  it('ends when the server closes', async () => {
    const { port } = await start();
    const stream = open(port, '/api/alerts/stream', {}, /never/);
    while (JSON.parse((await ask(port, '/api/status')).text).components.at(-1).gauges.clients === 0);
    await server?.close();
    expect(await stream).toContain('event: hello');
  });
});

it('speaks TLS with a certificate, and marks the cookie Secure then', async () => {
  const { port } = await start({ token: TOKEN, tls: { cert: TEST_CERTIFICATE, key: TEST_KEY } });
  expect(server?.url).toBe(`https://127.0.0.1:${port}`);
  const cookie = await new Promise<string>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/login', method: 'POST', headers: FORM, ca: TEST_CERTIFICATE };
    const outgoing = tlsRequest(options, (response) => resolve(response.headers['set-cookie']?.[0] ?? ''));
    outgoing.on('error', reject);
    outgoing.end(`token=${TOKEN}`);
  });
  expect(cookie).toMatch(/; Secure$/);
});

it('names the address that is taken', async () => {
  const { port } = await start();
  const error = await startHttpServer({
    view: fakeServiceView(START_MS),
    port,
    pageDirectory,
  }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(FlintError);
  expect((error as FlintError).diagnostics[0]).toMatchObject({
    code: 'ENV_ADDRESS_IN_USE',
    message: `http address "127.0.0.1:${port}" is already in use`,
  });
});

it('does not start when a file of the page is missing', async () => {
  const error = await start({ pageDirectory: join(pageDirectory, 'nowhere') }).catch((cause: unknown) => cause);
  expect((error as FlintError).diagnostics[0]?.code).toBe('SERVER_PAGE_MISSING');
});
