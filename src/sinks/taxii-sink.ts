/**
 * TAXII 2.1 output: alerts as STIX bundles, added to a collection. The path leads to the collection itself, or to an API root or discovery with
 * `collection=`. Objects of many alerts travel in one envelope, each object once, and never more than the API root's `max_content_length`; an alert
 * keeps all its objects in one envelope. The status of an addition is asked for until it is complete (OASIS TAXII 2.1, sections 4.3 and 5.5); an
 * alert of which the server refuses an object counts as refused and is not sent again.
 */
import { type Static, Type } from 'typebox';
import { parseIp } from '../core/ip-address.ts';
import { AUTH_OPTIONS, readCredentials } from '../intel/http/auth-options.ts';
import {
  PoliteClient,
  REMOTE_DEFAULTS,
  RequestFailure,
  type ServerAnswer,
  shown,
  systemSurroundings,
} from '../intel/http/polite-client.ts';
import { type Members, membersOf, TAXII_CODES, TAXII_MEDIA, TaxiiClient } from '../intel/taxii/taxii-client.ts';
import { type Envelope, envelopes } from './taxii-envelope.ts';
import {
  type OutgoingMessage,
  type Sink,
  type SinkAddress,
  type SinkContext,
  SinkError,
  type SinkKind,
} from './sink.ts';

const TaxiiOptions = Type.Object(
  {
    collection: Type.Optional(
      Type.String({ description: 'id, alias or title of the collection, where the path does not lead to one' }),
    ),
    max_bytes: Type.Integer({
      default: 1_048_576,
      minimum: 4096,
      maximum: 1_073_741_824,
      description: 'largest request, where the server does not want less',
      'x-unit': 'bytes',
    }),
    timeout_ms: Type.Integer({
      default: 30_000,
      minimum: 1,
      maximum: 600_000,
      description: 'time for a whole request',
      'x-unit': 'milliseconds',
    }),
    status_ms: Type.Integer({
      default: 30_000,
      minimum: 0,
      maximum: 600_000,
      description: 'how long the status of an addition is asked for; then what the server accepted counts as added',
      'x-unit': 'milliseconds',
    }),
    ...AUTH_OPTIONS,
  },
  { additionalProperties: false },
);

type Options = Partial<Static<typeof TaxiiOptions>>;

export const taxiiKind: SinkKind = {
  protocol: 'taxii',
  summary: 'TAXII 2.1 collection: sightings with what was observed',
  example:
    'taxii+https://taxii.example.org/root/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/?token_env=TAXII_TOKEN',
  transports: ['https', 'http'],
  defaultFormat: 'stix',
  formats: ['stix'],
  options: TaxiiOptions,
  traits: (_transport, options) => ({
    queued: true,
    maxBodyBytes: ((options as Options | undefined)?.max_bytes ?? DEFAULT_BYTES) - ENVELOPE_BYTES,
    attempts: Number.POSITIVE_INFINITY,
  }),
  open: (address, context) => new TaxiiSink(address, context),
};

const DEFAULT_BYTES = 1_048_576;
/** What an envelope has beside its objects. */
const ENVELOPE_BYTES = 64;
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 5_000;
/** Ids in one request for a manifest: their addresses must not become too long. */
const CHECKED_AT_ONCE = 20;
const MEDIA = TAXII_MEDIA['2.1'];
const REFUSED_FOR_GOOD = new Set([400, 413, 422]);

/** Where to send, learned from the server. */
interface Target {
  readonly root: URL;
  readonly objects: URL;
  readonly maxBytes: number;
}

class TaxiiSink implements Sink {
  readonly #options: Options;
  readonly #url: URL;
  readonly #client: PoliteClient;
  readonly #context: SinkContext;
  readonly #abort = new AbortController();
  #target: Target | undefined;

  constructor(address: SinkAddress, context: SinkContext) {
    const options = address.options as Options;
    this.#options = options;
    this.#context = context;
    this.#url = urlOf(address);
    const lookup = context.lookup;
    this.#client = new PoliteClient(
      {
        ...REMOTE_DEFAULTS,
        ...readCredentials(options, `output "${context.name}"`),
        url: this.#url.href,
        timeoutMs: options.timeout_ms ?? 30_000,
        // The queue repeats what failed.
        maxTries: 1,
        allowPrivateAddresses: context.allowPrivateAddresses,
      },
      TAXII_CODES,
      {
        ...systemSurroundings,
        now: context.now,
        ...(lookup !== undefined && { resolveHost: async (host: string) => [await lookup(host)] }),
      },
      this.#abort.signal,
    );
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    let delivered = 0;
    let refused = 0;
    let reason = '';
    let isLearning = true;
    try {
      const target = this.#target ?? (await this.#learn());
      this.#target = target;
      isLearning = false;
      for (const envelope of envelopes(messages, target.maxBytes)) {
        const outcome = await this.#add(target, envelope);
        delivered += envelope.messages;
        refused += outcome.refused;
        reason ||= outcome.reason;
      }
    } catch (cause) {
      // Until it is known where to send, what a server says is not about the objects.
      throw this.#sinkError(cause, delivered, refused, isLearning);
    }
    if (refused > 0) throw new SinkError(reason, { retryable: false, delivered, refused });
  }

  async close(): Promise<void> {
    this.#abort.abort();
  }

  /** Adds the objects; halves the envelope when the server finds it too large. */
  async #add(target: Target, envelope: Envelope): Promise<{ readonly refused: number; readonly reason: string }> {
    if (envelope.problem !== undefined) return { refused: envelope.messages, reason: envelope.problem };
    try {
      const headers = { accept: MEDIA, 'content-type': MEDIA };
      const status = await this.#client.post(target.objects, headers, envelope.body(), (response) =>
        statusOf(response, target.objects),
      );
      const failures = await this.#missing(target, envelope, failuresOf(await this.#completed(target, status)));
      const refused = envelope.messagesWith(new Set(failures.map(({ id }) => id)));
      const [first] = failures;
      const reason =
        first === undefined ? '' : `"${shown(target.objects)}" refuses ${failures.length} objects: ${first.message}`;
      return { refused, reason };
    } catch (error) {
      if (!(error instanceof RequestFailure) || error.status !== 413) throw error;
      const halves = envelope.halves();
      if (halves === undefined) return { refused: envelope.messages, reason: error.message };
      const [a, b] = [await this.#add(target, halves[0]), await this.#add(target, halves[1])];
      return { refused: a.refused + b.refused, reason: a.reason || b.reason };
    }
  }

  /** The last known status: complete, or what it was when time ran out or the server had forgotten it. */
  async #completed(target: Target, first: Members): Promise<Members> {
    const deadlineMs = this.#context.now() + (this.#options.status_ms ?? 30_000);
    let status = first;
    for (let waitMs = FIRST_POLL_MS; status['status'] === 'pending'; waitMs = Math.min(2 * waitMs, LONGEST_POLL_MS)) {
      if (typeof status['id'] !== 'string' || this.#context.now() + waitMs > deadlineMs) return status;
      await systemSurroundings.sleep(waitMs, this.#abort.signal);
      const url = new URL(`status/${encodeURIComponent(status['id'])}/`, target.root);
      try {
        status = await this.#client.get(url, { accept: MEDIA }, (response) => membersOf(response, url));
      } catch (error) {
        // The addition was accepted: that its progress cannot be learned is no reason to send it again.
        if (!(error instanceof RequestFailure)) throw error;
        return status;
      }
    }
    return status;
  }

  /**
   * Failures without those of objects that the collection has: servers, medallion among them, report an object that is there already as failed.
   * Where the collection cannot be read, what many alerts share is taken to be there.
   */
  async #missing(target: Target, envelope: Envelope, failures: readonly Failure[]): Promise<readonly Failure[]> {
    const missing: Failure[] = [];
    for (let i = 0; i < failures.length; i += CHECKED_AT_ONCE) {
      const chunk = failures.slice(i, i + CHECKED_AT_ONCE);
      const url = new URL('../manifest/', target.objects);
      url.search = `match[id]=${chunk.map(({ id }) => encodeURIComponent(id)).join(',')}`;
      try {
        const present = versionsOf(await this.#members(url));
        missing.push(...chunk.filter((failure) => !isAsNew(present.get(failure.id), envelope.versionOf(failure.id))));
      } catch (error) {
        if (!(error instanceof RequestFailure)) throw error;
        missing.push(...chunk.filter(({ id }) => id.startsWith('sighting--')));
      }
    }
    return missing;
  }

  async #learn(): Promise<Target> {
    const direct = /^(.*\/)collections\/([^/]+)\/(?:objects\/)?$/.exec(this.#url.pathname);
    const [root, id] =
      direct === null ? await this.#find() : [new URL(direct[1] as string, this.#url), direct[2] as string];
    const url = new URL(`collections/${id}/`, root);
    const collection = await this.#members(url);
    if (collection['can_write'] === false)
      throw new SinkError(`collection "${shown(url)}" may not be written`, { retryable: true });
    const limit = (await this.#members(root))['max_content_length'];
    const own = this.#options.max_bytes ?? DEFAULT_BYTES;
    const maxBytes = typeof limit === 'number' && limit > 0 ? Math.min(own, limit) : own;
    return { root, objects: new URL('objects/', url), maxBytes };
  }

  async #find(): Promise<readonly [URL, string]> {
    const { collection: name } = this.#options;
    const client = new TaxiiClient(this.#client);
    const { roots, failures } = await client.apiRoots();
    for (const root of roots) {
      if (root.version !== '2.1') continue;
      const list = (await this.#members(new URL('collections/', root.url)))['collections'];
      for (const entry of Array.isArray(list) ? (list as readonly unknown[]) : []) {
        const { id, alias, title } = (entry ?? {}) as Members;
        if (typeof id === 'string' && [id, alias, title].includes(name)) return [root.url, encodeURIComponent(id)];
      }
    }
    const [failure] = failures;
    if (failure !== undefined) throw failure;
    const what = name === undefined ? 'the address leads to no collection' : `there is no collection "${name}"`;
    throw new SinkError(`${what} in TAXII 2.1 at "${shown(this.#url)}"`, { retryable: true });
  }

  #members(url: URL): Promise<Members> {
    return this.#client.get(url, { accept: MEDIA }, (response) => membersOf(response, url));
  }

  #sinkError(cause: unknown, delivered: number, refused: number, isLearning: boolean): SinkError {
    // What was learned may be what is wrong.
    this.#target = undefined;
    if (cause instanceof SinkError)
      return new SinkError(cause.message, { retryable: cause.retryable, delivered, refused, cause });
    if (this.#abort.signal.aborted) return new SinkError('sink is closed', { retryable: true, delivered, refused });
    if (!(cause instanceof RequestFailure)) throw cause;
    return new SinkError(cause.message, {
      retryable: isLearning || !REFUSED_FOR_GOOD.has(cause.status),
      delivered,
      refused,
      cause,
      ...(cause.retryAfterMs !== undefined && { retryAfterMs: cause.retryAfterMs }),
    });
  }
}

/** Empty where the server accepts the objects and says nothing that can be read: to send them again would not change that. */
async function statusOf(response: ServerAnswer, url: URL): Promise<Members> {
  try {
    return await membersOf(response, url);
  } catch (error) {
    if (error instanceof RequestFailure && error.status === response.status) return {};
    throw error;
  }
}

interface Failure {
  readonly id: string;
  readonly message: string;
}

function failuresOf(status: Members): readonly Failure[] {
  const listed = status['failures'];
  if (!Array.isArray(listed)) return [];
  return (listed as readonly unknown[]).flatMap((entry): Failure[] => {
    const { id, message } = (entry ?? {}) as Members;
    if (typeof id !== 'string') return [];
    return [
      {
        id,
        message: typeof message === 'string' ? message.slice(0, 200) : 'no reason given',
      },
    ];
  });
}

/** Newest version of each object of a manifest. */
function versionsOf(manifest: Members): ReadonlyMap<string, string> {
  const listed = manifest['objects'];
  const entries = Array.isArray(listed) ? (listed as readonly unknown[]) : [];
  return new Map(
    entries.map((entry) => {
      const { id, version } = (entry ?? {}) as Members;
      return [String(id), String(version)];
    }),
  );
}

/** Observables have no versions of ours; servers make some up for them. */
function isAsNew(present: string | undefined, sent: string): boolean {
  return present !== undefined && (sent === '' || !(Date.parse(present) < Date.parse(sent)));
}

function urlOf({ transport, host, port, path }: SinkAddress): URL {
  const name = parseIp(host)?.family === 6 ? `[${host}]` : host;
  const target = path === '' ? '/' : path.endsWith('/') ? path : `${path}/`;
  const scheme = transport === 'http' ? 'http' : 'https';
  const encoded = encodeURI(target).replace(/[?#]/g, encodeURIComponent);
  return new URL(`${scheme}://${name}${port === 0 ? '' : `:${port}`}${encoded}`);
}
