/**
 * The status page in a real browser: alerts come live, hostile log content stays text, filters and the drawer work, the layout holds
 * at 400 pixels. Needs the build (dist/cli/page) and a Chromium; skips with the reason when there is none.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeView, fakeAlert, fakeServiceView, shown } from '../../testdata/server/fake-service-view.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';

const CANDIDATES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = CANDIDATES.find((path) => path !== undefined && existsSync(path));
const pageDirectory = fileURLToPath(new URL('../../dist/cli/page/', import.meta.url));
const isBuilt = existsSync(pageDirectory);
const missing = executablePath === undefined ? 'no Chromium; set CHROMIUM' : isBuilt ? '' : 'not built; npm run build';
const TOKEN = 'a-token-of-some-length';

describe.skipIf(missing !== '')(`status page${missing === '' ? '' : ` (skipped: ${missing})`}`, () => {
  let browser: Browser;
  let server: HttpServer;
  let view: FakeView;
  const problems: string[] = [];

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
    const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
    browser = await chromium.launch({ executablePath: executablePath as string, args: [...args, ...quiet] });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await server.close();
  });

  async function open(options: BrowserContextOptions = {}, token?: string): Promise<Page> {
    view = fakeServiceView(Date.now());
    server = await startHttpServer({
      view,
      port: 0,

      pageDirectory,
      ...(token === undefined ? {} : { token }),
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
    problems.length = 0;
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    await page.goto(server.url);
    return page;
  }

  it('shows that it watches, what is loaded, and how to get a first alert', async () => {
    const page = await open();
    await page.getByText('Watching', { exact: true }).waitFor();
    await page.getByText('No alerts yet').waitFor();
    expect(await page.locator('#intel-total').textContent()).toBe('128.5 k');
    expect(await page.locator('#try .command').textContent()).toContain('/dev/udp/127.0.0.1/12201');
    expect(problems).toEqual([]);
  });

  it('shows alerts as they come, newest first, and their details with the value marked', async () => {
    const page = await open();
    await page.getByText('Watching', { exact: true }).waitFor();
    view.alerts.push(shown(fakeAlert({ id: '1'.repeat(32), name: 'first' })));
    view.alerts.push(shown(fakeAlert({ id: '2'.repeat(32), name: 'second', level: 'critical' })));
    await page.locator('.row-title', { hasText: 'second' }).waitFor();
    expect(await page.locator('.row-title').allTextContents()).toEqual(['second', 'first']);
    await page.locator('.row').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    expect(await page.locator('.record mark').allTextContents()).toEqual([
      '"dns_query":',
      'login.update-check.example',
    ]);
    expect(new URL(page.url()).searchParams.get('alert')).toBe('1'.repeat(32));
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('shows the processes and events that led to an alert', async () => {
    const page = await open();
    const alert = fakeAlert({ name: 'sequence' });
    const ancestors = [
      { pid: '4', executable: 'C:\\Windows\\explorer.exe' },
      { pid: '7', executable: 'C:\\Windows\\cmd.exe', command_line: 'cmd /c "<b>start</b>"', user: 'alice' },
    ];
    const events = [
      { '@timestamp': '2026-03-17T09:05:00.000Z', id: '1', original: '{"step":"first"}' },
      { '@timestamp': '2026-03-17T09:05:05.250Z', id: '2', original: '{"step":"second"}' },
    ];
    const matched = [{ field: 'temporal', value: '2', item: 'temporal', how: '>= 2' }];
    const group = { host: 'ws-042', user: 'alice' };
    const flint = { ...alert.flint, matched, group, count: 2, events, process_tree: { ancestors, complete: true } };
    view.alerts.push(shown({ ...alert, process: { executable: 'C:\\x\\tool.exe', pid: 9 }, flint }));
    await page.locator('.row').click();
    await page.locator('dialog[open]').waitFor();
    expect(await page.locator('.lineage strong').allTextContents()).toEqual(['explorer.exe', 'cmd.exe', 'tool.exe']);
    expect(await page.locator('.lineage code').nth(1).textContent()).toBe('cmd /c "<b>start</b>"');
    expect(await page.locator('.event summary').allTextContents()).toEqual([
      '2026-03-17 09:05:00 ',
      '2026-03-17 09:05:05 +5.25 s',
    ]);
    await page.locator('.event summary').nth(1).click();
    expect(await page.locator('.event[open] pre').textContent()).toContain('"step": "second"');
    expect(problems).toEqual([]);
  });

  it('shows what rules over several events remember and what they lost, and nothing where there are none', async () => {
    const page = await open();
    await page.getByText('Watching', { exact: true }).waitFor();
    const names = page.locator('#memory .block-name');
    await names.getByText('Many failed logons').waitFor();
    const [known] = view.stateReports;
    if (known === undefined) throw new Error('no report');
    const story = {
      ...known,
      engine: 'flux' as const,
      rule: 'f',
      name: '<b>story</b>',
      bytes: 12_345_678,
      late: 0,
      early: 2,
    };
    view.stateReports = [known, story];
    await names.getByText('<b>story</b>').waitFor();
    expect(await names.allTextContents()).toEqual(['<b>story</b>', 'Many failed logons']);
    expect(await page.locator('#memory .block-figure').allTextContents()).toEqual(['12.3 MB', '1.0 KB']);
    expect(await page.locator('#memory .warn').allTextContents()).toEqual(['2 not waited with', '1 came too late']);
    const many = Array.from({ length: 9 }, (_, i) => ({ ...known, rule: `r${i}`, bytes: 2000 + i }));
    view.stateReports = [...many, known];
    await names.getByText('2 other rules').waitFor();
    expect(await page.locator('#memory .block-figure').last().textContent()).toBe('3.0 KB');
    expect(await page.locator('#memory .warn').last().textContent()).toBe('2 came too late');
    view.stateReports = [];
    await page.locator('#memory-card').waitFor({ state: 'hidden' });
    expect(problems).toEqual([]);
  });

  it('replaces the row of an alert that comes again', async () => {
    const page = await open();
    await page.getByText('Watching', { exact: true }).waitFor();
    const alert = fakeAlert({ name: 'repeated' });
    view.alerts.push(shown(alert));
    view.alerts.push(shown({ ...alert, flint: { ...alert.flint, count: 7 } }));
    await page.getByText('×7').waitFor();
    expect(await page.locator('.row').count()).toBe(1);
  });

  it('filters by level and text, keeps the filter in the address, and says when nothing fits', async () => {
    const page = await open();
    view.alerts.push(shown(fakeAlert({ id: 'a'.repeat(32), name: 'quiet one', level: 'low' })));
    view.alerts.push(shown(fakeAlert({ id: 'b'.repeat(32), name: 'loud one', level: 'critical' })));
    await page.locator('.row').nth(1).waitFor();
    await page.locator('#level-critical').click();
    expect(await page.locator('.row-title').allTextContents()).toEqual(['loud one']);
    await page.keyboard.press('/');
    await page.keyboard.type('quiet');
    await page.getByText('No alert fits this filter.').waitFor();
    expect(page.url()).toContain('level=critical&q=quiet');
    await page.getByText('Clear the filter').click();
    expect(await page.locator('.row').count()).toBe(2);
  });

  it('holds new alerts back while paused', async () => {
    const page = await open();
    await page.getByText('Watching', { exact: true }).waitFor();
    await page.locator('#pause').click();
    view.alerts.push(shown(fakeAlert()));
    await page.getByText('Show 1 new alert').click();
    await page.locator('.row').waitFor();
  });

  it('shows hostile content as text', async () => {
    const page = await open();
    const hostile = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>';
    view.service = { ...view.service, mode: hostile, lastReload: { atMs: 0, ok: false, message: hostile } };
    const alert = fakeAlert({ name: hostile, value: hostile, original: `{"dns_query":${JSON.stringify(hostile)}}` });
    const object = { [hostile]: hostile, ip: hostile };
    const matched = [{ field: hostile, value: hostile, item: hostile, how: hostile }];
    const flint = { ...alert.flint, matched, input: { name: hostile, path: hostile, record: 0 } };
    view.alerts.push(shown({ ...alert, source: object, host: { name: hostile }, flint }));
    await page.locator('.row').click();
    await page.locator('dialog[open]').waitFor();
    await page.locator('#service dd', { hasText: hostile }).first().waitFor();
    expect(await page.locator('#detail-title').textContent()).toBe(hostile);
    expect(await page.locator('img[src="x"], dialog script').count()).toBe(0);
    expect(await page.evaluate('window.owned')).toBeUndefined();
    expect(problems).toEqual([]);
  });

  it('fits into 400 pixels without scrolling sideways', async () => {
    const page = await open({ viewport: { width: 400, height: 800 } });
    const value = `${'long-label.'.repeat(20)}example`;
    view.alerts.push(shown(fakeAlert({ name: 'word'.repeat(60), value })));
    await page.locator('.row').click();
    await page.locator('dialog[open]').waitFor();
    const fits = '[document.documentElement, document.querySelector("dialog")].map((one) => one.scrollWidth <= 400)';
    expect(await page.evaluate(fits)).toEqual([true, true]);
  });

  it('logs in with the token, and back in after logging out', async () => {
    const page = await open({}, TOKEN);
    expect(page.url()).toContain('/login');
    await page.getByLabel('Access token').fill('not-the-right-token');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the token.').waitFor();
    await page.getByLabel('Access token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText('Watching', { exact: true }).waitFor();
    await page.getByText('Log out').click();
    await page.getByLabel('Access token').waitFor();
  });

  it('says when the service is gone', async () => {
    const page = await open();
    await page.getByText('Watching', { exact: true }).waitFor();
    await server.close();
    await page.getByText('No connection, trying again').waitFor();
  });
});
