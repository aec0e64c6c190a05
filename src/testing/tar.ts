/** Reads the regular files of a gzip-compressed tar archive (ustar, GNU and pax long names) into memory, for test data. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface TarFile {
  readonly path: string;
  readonly bytes: Buffer;
}

export function readTarGz(path: string): TarFile[] {
  const tar = gunzipSync(readFileSync(path));
  const files: TarFile[] = [];
  let longName: string | undefined;
  for (let at = 0; at + 512 <= tar.length; ) {
    const header = tar.subarray(at, at + 512);
    if (header[0] === 0) break;
    const size = Number.parseInt(text(header, 124, 12), 8);
    const body = tar.subarray(at + 512, at + 512 + size);
    const type = String.fromCharCode(header[156] ?? 0);
    const prefix = text(header, 345, 155);
    const name = longName ?? (prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`);
    longName = type === 'L' ? text(body, 0, size) : type === 'x' ? paxPath(body) : undefined;
    if (type === '0' || type === '\0') files.push({ path: name.replace(/^\.\//, ''), bytes: Buffer.from(body) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end < 0 || end > start + length ? start + length : end).trim();
}

/** `length path=value` lines of a pax header. */
function paxPath(body: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(body.toString('utf8'))?.[1];
}
