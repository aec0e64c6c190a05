/**
 * TAXII envelopes from messages: the objects of consecutive bundles, each (id, version) once, up to a number of bytes. A message is never torn.
 * Messages that are no bundle, or too large alone, make an envelope of their own that says what is wrong with it.
 */
import type { OutgoingMessage } from './sink.ts';

interface Bundle {
  /** Key and JSON of each object. */
  readonly objects: ReadonlyMap<string, string>;
  /** Version of each id; empty where objects of its type have none. */
  readonly versions: ReadonlyMap<string, string>;
  readonly problem?: string;
}

export class Envelope {
  readonly #bundles: readonly Bundle[];

  constructor(bundles: readonly Bundle[]) {
    this.#bundles = bundles;
  }

  /** Messages in it, at least one. */
  get messages(): number {
    return this.#bundles.length;
  }

  /** Why it cannot be sent. */
  get problem(): string | undefined {
    return this.#bundles[0]?.problem;
  }

  body(): Uint8Array {
    const objects = new Map(this.#bundles.flatMap((bundle) => [...bundle.objects]));
    return Buffer.from(`{"objects":[${[...objects.values()].join(',')}]}`, 'utf8');
  }

  /** How many messages have an object with one of these ids. */
  messagesWith(ids: ReadonlySet<string>): number {
    return this.#bundles.filter((bundle) => [...bundle.versions.keys()].some((id) => ids.has(id))).length;
  }

  /** `modified` of an object, empty when it has none. Of several versions the newest. */
  versionOf(id: string): string {
    const versions = this.#bundles.map((bundle) => bundle.versions.get(id) ?? '');
    return versions.sort().at(-1) ?? '';
  }

  /** Undefined when there is one message only. */
  halves(): readonly [Envelope, Envelope] | undefined {
    if (this.messages < 2) return undefined;
    const middle = Math.ceil(this.messages / 2);
    return [new Envelope(this.#bundles.slice(0, middle)), new Envelope(this.#bundles.slice(middle))];
  }
}

const FRAME_BYTES = '{"objects":[]}'.length;

/** All messages in their order. */
export function* envelopes(messages: readonly OutgoingMessage[], maxBytes: number): Generator<Envelope> {
  let bundles: Bundle[] = [];
  let keys = new Set<string>();
  let bytes = FRAME_BYTES;
  const flush = (): Envelope => {
    const envelope = new Envelope(bundles);
    bundles = [];
    keys = new Set();
    bytes = FRAME_BYTES;
    return envelope;
  };
  for (const message of messages) {
    const bundle = bundleOf(message, maxBytes);
    let more = bytesBeyond(bundle, keys);
    if (bundles.length > 0 && (bytes + more > maxBytes || bundle.problem !== undefined)) {
      yield flush();
      more = bytesBeyond(bundle, keys);
    }
    bundles.push(bundle);
    for (const key of bundle.objects.keys()) keys.add(key);
    bytes += more;
    if (bundle.problem !== undefined) yield flush();
  }
  if (bundles.length > 0) yield flush();
}

function bytesBeyond(bundle: Bundle, keys: ReadonlySet<string>): number {
  let bytes = 0;
  for (const [key, json] of bundle.objects) if (!keys.has(key)) bytes += Buffer.byteLength(json) + 1;
  return bytes;
}

function bundleOf({ body }: OutgoingMessage, maxBytes: number): Bundle {
  const none = { objects: new Map<string, string>(), versions: new Map<string, string>() };
  let listed: unknown;
  try {
    listed = (JSON.parse(Buffer.from(body).toString('utf8')) as { objects?: unknown } | null)?.objects;
  } catch (error) {
    // A queue on disk that an older configuration filled in another format.
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!Array.isArray(listed) || listed.length === 0) return { ...none, problem: 'the message is no STIX bundle' };
  const objects = new Map<string, string>();
  const versions = new Map<string, string>();
  for (const object of listed as readonly Readonly<Record<string, unknown>>[]) {
    const [id, version] = [String(object['id']), String(object['modified'] ?? '')];
    versions.set(id, version);
    objects.set(`${id} ${version}`, JSON.stringify(object));
  }
  const bundle = { objects, versions };
  const bytes = FRAME_BYTES + bytesBeyond(bundle, new Set());
  if (bytes <= maxBytes) return bundle;
  return { ...none, problem: `the alert has ${bytes} bytes, the server takes ${maxBytes}` };
}
