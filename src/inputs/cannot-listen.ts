/** The error of a server socket that cannot be had, as something a person can act on. */
import { diagnostic, FlintError } from '../errors/diagnostic.ts';

export function cannotListen(error: Error & { code?: string }, host: string, port: number): FlintError {
  const place = `"${host}:${port}"`;
  const found =
    error.code === 'EADDRINUSE'
      ? diagnostic('ENV_ADDRESS_IN_USE', 'error', `address ${place} is already in use`)
      : diagnostic('ENV_CANNOT_LISTEN', 'error', `cannot listen on ${place}: ${error.message}`);
  return new FlintError([found], { cause: error });
}

/** `host:port` with brackets around IPv6. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
