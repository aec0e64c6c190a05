/** Questions to the HTTP API of a running service: at its configured address, with its token. */
import type { Command } from 'commander';
import { resolveSecret } from '../../config/secret.ts';
import { loadConfig } from '../../engine/config/load-config.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { configFlags, type EngineOptions } from '../engine-options.ts';

export interface ServiceOptions extends Pick<EngineOptions, 'config' | 'json'> {
  readonly url?: string;
}

const TIMEOUT_MS = 10_000;

export function addServiceOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration of the service: its http.listen and http.token')
    .option('--url <url>', 'address of its API; default: http.listen of the configuration')
    .option('--json', 'one JSON object per line');
}

/** Throws FlintError when nobody answers, or the answer is a refusal. */
export async function askService(path: string, options: ServiceOptions): Promise<unknown> {
  const { config } = loadConfig(configFlags(options as EngineOptions), process.env);
  const { listen, token, cert_file: certificate } = config.http;
  const base = options.url ?? `${certificate === undefined ? 'http' : 'https'}://${listen}`;
  const secret = resolveSecret(token);
  let response: Response;
  try {
    response = await fetch(new URL(path, base), {
      headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    // Nobody listens there, or it takes too long.
    const reason =
      cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    const hint = 'is the service running? --url says where its API is';
    throw new FlintError([diagnostic('ENV_SERVICE_SILENT', 'error', `no answer from "${base}": ${reason}`, { hint })], {
      cause,
    });
  }
  const body = (await response.json().catch(() => ({}))) as { readonly error?: string };
  if (response.ok) return body;
  const message = `"${base}" refuses: ${body.error ?? `status ${response.status}`}`;
  throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', message)]);
}
