/**
 * Looks at the files a service was started from, again and again, and reloads when one of them is new, gone or changed. Polling by
 * size and modification time works on every file system, network mounts included, and sees files replaced by rename.
 */
import { type Stats, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '../service.ts';

/** Files looked at; in larger folders a change of the rest waits for SIGHUP. */
const MAX_FILES = 20_000;

/** Returns a function that stops watching. */
export function watchFiles(service: Service, everyMs: number): () => void {
  let before = fingerprints(service);
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    const now = fingerprints(service);
    const changed = [...now].filter(([path, print]) => before.get(path) !== print).map(([path]) => path);
    if (changed.length === 0 && now.size === before.size) return;
    before = now;
    busy = true;
    void takeIn(service, changed).finally(() => {
      busy = false;
    });
  }, everyMs);
  return () => clearInterval(timer);
}

/** Intelligence alone is taken in as a change; anything else is a reload. */
async function takeIn(service: Service, changed: readonly string[]): Promise<void> {
  const { intelPaths } = service;
  if (changed.length > 0 && changed.every((path) => intelPaths.includes(path))) await service.refresh(changed);
  else await service.reload();
}

function fingerprints(service: Service): Map<string, string> {
  return new Map(service.watchedPaths.map((path) => [path, fingerprint([path])]));
}

export function fingerprint(paths: readonly string[]): string {
  const parts: string[] = [];
  for (const path of paths) collect(path, parts);
  return parts.join('\n');
}

function collect(path: string, parts: string[]): void {
  if (parts.length >= MAX_FILES) return;
  const stats = statsOf(path);
  if (stats === undefined) parts.push(`${path} -`);
  else if (stats.isDirectory()) for (const name of readdirSync(path).sort()) collect(join(path, name), parts);
  else parts.push(`${path} ${stats.size} ${stats.mtimeMs} ${stats.ino}`);
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}
