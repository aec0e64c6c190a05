/**
 * Page files: the status page as it is served, read once at start. The list is fixed: no request ever names a path on disk.
 * The build bundles `page/*.ts` into `page.js`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';

export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
}

/** File names and what they are. Those with a leading slash in the API are `/page/<name>`; the HTML files have routes of their own. */
export const PAGE_FILES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'login.html': 'text/html; charset=utf-8',
  'theme.css': 'text/css; charset=utf-8',
  'base.css': 'text/css; charset=utf-8',
  'layout.css': 'text/css; charset=utf-8',
  'alerts.css': 'text/css; charset=utf-8',
  'detail.css': 'text/css; charset=utf-8',
  'login.css': 'text/css; charset=utf-8',
  'flint.svg': 'image/svg+xml',
  'page.js': 'text/javascript; charset=utf-8',
};

/** Reads all files. Rejects with FlintError when one is missing. */
export async function loadPageFiles(directory: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const [name, contentType] of Object.entries(PAGE_FILES)) {
    try {
      files.set(name, { contentType, body: await readFile(join(directory, name)) });
    } catch (cause) {
      // Missing or unreadable: the build is not whole.
      const message = `status page file "${name}" cannot be read`;
      throw new FlintError([diagnostic('SERVER_PAGE_MISSING', 'error', message)], { cause });
    }
  }
  return files;
}
