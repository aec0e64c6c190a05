/**
 * Warm-up of a service that is ready: the runtime compiles functions as they are used, so that the first thousand alerts of a process
 * cost two to four times what later ones do, and the first of all waits for tables of the runtime besides. Made-up records that hold loaded indicators
 * go the way of an alert, from the bytes to the text that outputs would be given, and no further: counters, suppression and outputs know nothing of
 * them. It is done in slices with long breaks between them; what really comes never waits longer than for one record.
 */
import type { IndicatorKind } from '../core/indicator.ts';
import type { IndicatorRows } from '../core/indicator-rows.ts';
import type { RecordSource } from '../core/record.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';
import type { Processor } from './processor.ts';

export interface WarmUpOptions {
  /** Of the generation in use. */
  readonly processor: Processor;
  readonly indicators: IndicatorRows;
  /** Does with alerts all that is done before they are handed to outputs. */
  readonly rehearse: (found: readonly FoundAlert[], nowMs: number) => void;
  readonly signal: AbortSignal;
}

const RECORDS = 400;
const SLICE_MS = 1;
const BREAK_MS = 4;
/** Rows of each shape that records are made of. */
const ROWS_PER_SHAPE = 16;
/** Removed rows that are passed over, at most. */
const ROWS_LOOKED_AT = 256;

const SOURCE: RecordSource = { input: 'warm-up', path: 'warm-up', id: 'warm-up', replayable: false, timezone: 'Z' };

interface Sample {
  readonly kind: IndicatorKind;
  readonly value: string;
}

/** Resolves with the number of alerts that were made, when all is done or the signal has come. */
export async function warmUp({ processor, indicators, rehearse, signal }: WarmUpOptions): Promise<number> {
  const samples = samplesOf(indicators);
  if (samples.length === 0) return 0;
  const apart = processor.apart();
  let alerts = 0;
  for (let n = 0; n < RECORDS && !signal.aborted; await pause()) {
    const endMs = performance.now() + SLICE_MS;
    do {
      const found = apart.process(batchOf(samples[n % samples.length] as Sample, n), Date.now());
      rehearse(found, Date.now());
      alerts += found.length;
      n++;
    } while (n < RECORDS && performance.now() < endMs);
  }
  return alerts;
}

/** A few indicators of each kind and semantics. */
function samplesOf(indicators: IndicatorRows): readonly Sample[] {
  const samples: Sample[] = [];
  for (const shape of indicators.shapes()) {
    let [taken, seen] = [0, 0];
    for (const row of indicators.rowsWithShape(shape)) {
      if (taken === ROWS_PER_SHAPE || seen++ === ROWS_LOOKED_AT) break;
      const [kind, value] = [indicators.kindAt(row), indicators.valueAt(row)];
      if (indicators.findShape(shape, value) !== row) continue;
      samples.push({ kind, value });
      taken++;
    }
  }
  return samples;
}

/** One record, in one of the forms that are usual. */
function batchOf({ kind, value }: Sample, n: number): Parameters<Processor['process']>[0] {
  const bytes = Buffer.from(JSON.stringify((FORMS[n % FORMS.length] as Form)(PLACES[kind]?.(value) ?? {}, value, n)));
  const ranges = Uint32Array.of(0, bytes.length);
  return { source: SOURCE, bytes, count: 1, ranges, basePosition: 0, baseRecord: n, arrivalMs: Date.now() };
}

/** What a value stands for in a record. */
interface Place {
  readonly ip?: string;
  readonly port?: string;
  readonly domain?: string;
  readonly url?: string;
  readonly sha256?: string;
}

const PLACES: Partial<Record<IndicatorKind, (value: string) => Place>> = {
  ipv4: (ip) => ({ ip }),
  ipv6: (ip) => ({ ip }),
  endpoint: (value) => {
    const end = value.lastIndexOf(':');
    return { ip: value.slice(0, end), port: value.slice(end + 1) };
  },
  domain: (domain) => ({ domain }),
  url: (url) => ({ url }),
  hash: (sha256) => ({ sha256 }),
};

type Form = (place: Place, value: string, n: number) => object;

const FORMS: readonly Form[] = [
  ({ ip = '192.0.2.1', port = '443', domain = 'www.example.com', url = '/', sha256 }, value, n) => ({
    ...{ BEGIN_TIME: '2026-01-01 00:00:00', SRC_IP: '192.0.2.7', SRC_PORT: '20034', DST_IP: ip, DST_PORT: port },
    ...{ METHOD: 'GET', RETCODE: '200', URL: url, DOMAIN: domain, HOST: `warm-${n}`, message: `${value} ${sha256}` },
  }),
  ({ ip = '192.0.2.1', port = '443', domain = 'www.example.com', url = '/', sha256 }, value, n) => ({
    ...{ version: '1.1', host: `warm-${n}`, short_message: value, timestamp: 1_767_225_600.1 + n, level: 6 },
    ...{ _src_ip: '192.0.2.7', _dst_ip: ip, _dst_port: Number(port), _url: url, _domain: domain, _sha256: sha256 },
  }),
  (
    { ip = '192.0.2.1', port = '443', domain = 'www.example.com', url = 'http://www.example.com/', sha256 },
    value,
    n,
  ) => ({
    ...{ '@timestamp': '2026-01-01T00:00:00.000Z', message: value, host: { name: `warm-${n}` } },
    ...{ source: { ip: '192.0.2.7', port: 20_034 }, destination: { ip, port: Number(port) } },
    ...{ url: { full: url, domain }, dns: { question: { name: domain } }, user: { name: 'nobody' } },
    ...{ http: { request: { method: 'GET' }, response: { status_code: 200 } }, file: { hash: { sha256 } } },
  }),
];

/** Not what keeps a process alive. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, BREAK_MS).unref();
  });
}
