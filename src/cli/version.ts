/** The program's own version, from package.json beside dist/. */
import { readFileSync } from 'node:fs';

export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const found = (manifest as { readonly version?: unknown }).version;
  return typeof found === 'string' ? found : '0.0.0';
}
