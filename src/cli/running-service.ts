/**
 * What `run` and `demo` share: a service with its HTTP server, dead letters and watched files, started together and stopped
 * together, from one configuration.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveSecret } from '../config/secret.ts';
import type { ShownAlert } from '../engine/alert-path.ts';
import { openDataDir } from '../engine/config/data-dir.ts';
import type { LoadedConfig } from '../engine/config/load-config.ts';
import { Service } from '../engine/service.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import { AlertFeed } from '../server/alert-feed.ts';
import type { HttpServer } from '../server/http-server.ts';
import { DeadLetterFile } from '../telemetry/dead-letter.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EventWriter } from './event-writer.ts';
import { viewOf } from './service-view-of.ts';
import { openTaxiiCollections, type TaxiiCollections } from './taxii-collections.ts';

export interface RunningOptions {
  /** `run`, `demo`, `drop-in`: shown to people. */
  readonly mode: string;
  readonly logger: Logger;
  readonly load: () => LoadedConfig;
  readonly onAlert?: (shown: ShownAlert) => void;
  readonly configFile?: string;
  readonly defaultOutputs: readonly string[];
  /** Takes each event with its flux tags. */
  readonly events?: EventWriter;
}

export interface RunningService {
  readonly service: Service;
  /** Where the page and the API are; absent when switched off. */
  readonly url?: string;
  stop(): Promise<void>;
}

export async function startService(options: RunningOptions): Promise<RunningService> {
  const loaded = options.load();
  if (loaded.diagnostics.some((problem) => problem.severity === 'error')) throw new FlintError(loaded.diagnostics);
  const { config } = loaded;
  const dataDir = openDataDir(config.data_dir);
  const letters = config.dead_letters.enabled
    ? new DeadLetterFile({
        path: join(dataDir.path, 'dead-letters.ndjson'),
        maxBytes: config.dead_letters.bytes,
        now: Date.now,
      })
    : undefined;
  const feed = new AlertFeed();
  const { taxii: isServed, taxii_sighting_bytes: sightingBytes, taxii_max_tlp: maxTlp } = config.http;
  const taxii =
    isServed && config.http.listen !== 'off'
      ? openTaxiiCollections({
          ...{ service: () => service, dataDir: dataDir.path, sightingBytes, maxTlp },
          logger: options.logger,
        })
      : undefined;
  const service = await Service.start(loaded, {
    logger: options.logger,
    dataDir,
    reload: options.load,
    defaultOutputs: options.defaultOutputs,
    warmsUp: true,
    ...(options.events !== undefined && { events: options.events }),
    ...(options.configFile !== undefined && { configFile: options.configFile }),
    deadLetter: (input, code, sample) => letters?.write({ input, code, reason: code, sample }),
    onAlert: (shown) => {
      feed.push(shown);
      taxii?.onAlert(shown.alert);
      options.onAlert?.(shown);
    },
  });
  let server: HttpServer | undefined;
  try {
    server = await startHttp(service, feed, options, loaded, taxii);
  } catch (error) {
    taxii?.close();
    await service.stop();
    throw error;
  }
  return {
    service,
    ...(server !== undefined && { url: server.url }),
    stop: async () => {
      await service.stop();
      await server?.close();
      taxii?.close();
      await letters?.close();
    },
  };
}

async function startHttp(
  service: Service,
  alerts: AlertFeed,
  options: RunningOptions,
  loaded: LoadedConfig,
  taxii: TaxiiCollections | undefined,
): Promise<HttpServer | undefined> {
  const { listen, token, allowed_hosts: allowedHosts } = loaded.config.http;
  if (listen === 'off') return undefined;
  const address = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(listen);
  if (address === null) {
    const hint = 'for example 127.0.0.1:8720, or off';
    throw new FlintError([
      diagnostic('CONFIG_BAD_VALUE', 'error', `"http.listen" "${listen}" is no host:port`, { hint }),
    ]);
  }
  const secret = secretOf(token);
  const tls = tlsFiles(loaded.config.http);
  // Loaded late: commands without HTTP need not pay for the framework.
  const { startHttpServer } = await import('../server/http-server.ts');
  return startHttpServer({
    view: viewOf(service, alerts, options.mode),
    host: (address[1] as string).replace(/^\[|\]$/g, ''),
    port: Number(address[2]),
    allowedHosts,
    ...(secret !== undefined && { token: secret }),
    ...(taxii !== undefined && { taxii: taxii.server }),
    ...(tls !== undefined && { tls }),
  });
}

function tlsFiles(http: LoadedConfig['config']['http']): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  const { cert_file: certFile, key_file: keyFile } = http;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    const message = '"http.cert_file" and "http.key_file" belong together';
    throw new FlintError([diagnostic('CONFIG_BAD_VALUE', 'error', message)]);
  }
  return { cert: readPem(certFile), key: readPem(keyFile) };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    // Missing or not readable by this user.
    const message = `file "${path}" cannot be read: ${(cause as NodeJS.ErrnoException).code}`;
    throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', message)], { cause });
  }
}

function secretOf(reference: Parameters<typeof resolveSecret>[0]): string | undefined {
  try {
    return resolveSecret(reference);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FlintError([diagnostic('CONFIG_BAD_VALUE', 'error', `"http.token": ${reason}`)], { cause: error });
  }
}
