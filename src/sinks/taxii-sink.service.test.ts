/**
 * Alerts pushed to medallion, the TAXII server of OASIS, through the queue on disk, and read back: every object of every bundle is there as it was
 * sent, also when bundles are sent twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stix } from '../encode/stix.ts';
import { ComponentCounters } from '../telemetry/component-counters.ts';
import { installMedallion, type RunningMedallion, startMedallion } from '../testing/medallion.ts';
import { sampleEvent, sampleMatch, sampleOutgoing, sampleRuleMatch } from '../testing/sample-alert.ts';
import { Delivery } from './delivery.ts';
import type { OutgoingMessage } from './sink.ts';
import { taxiiKind } from './taxii-sink.ts';

const RELEASE = '3.0.0';
const COLLECTION = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';
const ALERTS = 300;
const missing = installMedallion(RELEASE);

type Plain = Readonly<Record<string, unknown>>;

describe.skipIf(missing !== '')(`taxii output to medallion ${RELEASE} ${missing}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-taxii-out-'));
  let server: RunningMedallion;

  beforeAll(async () => {
    server = await startMedallion(RELEASE, {
      folder,
      data: (origin) => ({
        '/discovery': { title: 'medallion', default: `${origin}root/`, api_roots: [`${origin}root/`] },
        root: {
          information: { title: 'root', versions: ['application/taxii+json;version=2.1'], max_content_length: 20_000 },
          status: [],
          collections: [
            {
              id: COLLECTION,
              title: 'sightings',
              can_read: true,
              can_write: true,
              media_types: [],
              objects: [],
              manifest: [],
            },
          ],
        },
      }),
      config: (filename) => ({
        backend: { module: 'medallion.backends.memory_backend', module_class: 'MemoryBackend', filename },
        users: { admin: 'Password0' },
        taxii: { max_page_size: 5000 },
      }),
    });
    process.env['FLINT_TEST_TAXII_PASSWORD'] = 'Password0';
  });
  afterAll(() => {
    delete process.env['FLINT_TEST_TAXII_PASSWORD'];
    server.close();
    rmSync(folder, { recursive: true });
  });

  function deliveryTo(path: string, counters: ComponentCounters, options: Plain): Promise<Delivery> {
    const port = Number(new URL(server.origin).port);
    const nothing = () => {};
    return Delivery.open({
      sink: taxiiKind.open(
        { protocol: 'taxii', transport: 'http', host: '127.0.0.1', port, path, options },
        { name: 'taxii', now: Date.now, contentType: 'application/json', allowPrivateAddresses: true },
      ),
      counters,
      logger: {
        debug: nothing,
        info: nothing,
        warn: nothing,
        error: (...a: unknown[]) => console.log(JSON.stringify(a)),
      } as never,
      now: Date.now,
      random: Math.random,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, ms);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        }),
      attempts: Number.POSITIVE_INFINITY,
      spool: { directory: join(folder, 'queue'), maxBytes: 100_000_000, sync: 'never' },
    });
  }

  const messages: readonly OutgoingMessage[] = Array.from({ length: ALERTS }, (_, i) => {
    const outgoing = sampleOutgoing(
      i % 3 === 0 ? sampleRuleMatch() : sampleMatch(),
      sampleEvent({ SRC_IP: `10.0.0.${i % 250}`, DST_IP: '222.136.170.15', QueryName: `é${i}.example` }, i),
    );
    return { id: outgoing.alert.event.id, body: Buffer.from(stix.encode(outgoing, { timezone: 'UTC', sensor: 's' })) };
  });
  const credentials = { user: 'admin', password_env: 'FLINT_TEST_TAXII_PASSWORD' };

  async function stored(): Promise<Plain[]> {
    const answer = await fetch(`${server.origin}root/collections/${COLLECTION}/objects/?match[version]=all`, {
      headers: {
        accept: 'application/taxii+json;version=2.1',
        authorization: `Basic ${Buffer.from('admin:Password0').toString('base64')}`,
      },
    });
    expect(answer.status).toBe(200);
    const { objects = [], more } = (await answer.json()) as { objects?: Plain[]; more?: boolean };
    expect(more ?? false).toBe(false);
    return objects;
  }

  it('adds every object of every alert, in envelopes of the size the server takes', async () => {
    const counters = new ComponentCounters('sink', 'taxii');
    const delivery = await deliveryTo(`/root/collections/${COLLECTION}/`, counters, credentials);
    await delivery.enqueue(messages);
    expect(await delivery.close(90_000)).toBe(0);
    expect(counters.snapshot()).toMatchObject({ counts: { enqueued: ALERTS, delivered: ALERTS } });
    expect(counters.snapshot().errors).toEqual({});
    const sent = new Map<unknown, Plain>();
    for (const { body } of messages)
      for (const object of (JSON.parse(body.toString()) as { objects: Plain[] }).objects)
        sent.set(object['id'], object);
    const found = new Map((await stored()).map((object) => [object['id'], object]));
    expect(found.size).toBe(sent.size);
    for (const [id, object] of sent) expect(found.get(id)).toEqual(object);
  });

  it('finds the collection by its title, and may send again what is there', async () => {
    const before = (await stored()).length;
    const counters = new ComponentCounters('sink', 'taxii');
    const delivery = await deliveryTo('/taxii2/', counters, { ...credentials, collection: 'sightings' });
    await delivery.enqueue(messages.slice(0, 20));
    expect(await delivery.close(60_000)).toBe(0);
    expect(counters.snapshot().counts).toMatchObject({ delivered: 20 });
    expect(new Set((await stored()).map(({ id }) => id)).size).toBeLessThanOrEqual(before);
  });

  it('keeps alerts on disk while the credentials are wrong', async () => {
    const counters = new ComponentCounters('sink', 'taxii');
    const delivery = await deliveryTo(`/root/collections/${COLLECTION}/`, counters, { ...credentials, user: 'nobody' });
    await delivery.enqueue(messages.slice(0, 3));
    expect(await delivery.close(500)).toBe(3);
    expect(counters.snapshot().dropped).toEqual({});
  });
});
