import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SnapshotFolder } from './snapshot-folder.ts';

let path = '';
const damaged: string[] = [];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'flint-snapshots-'));
  damaged.length = 0;
});
afterEach(() => rmSync(path, { recursive: true }));

function open(maxBytes = 1 << 20): SnapshotFolder {
  return new SnapshotFolder(path, { maxBytes, onDamaged: (file) => damaged.push(file) });
}

async function save(folder: SnapshotFolder, chunks: Readonly<Record<string, string>>, keys: readonly string[]) {
  const writer = await folder.begin();
  for (const [key, text] of Object.entries(chunks)) await writer.add('p', { key, bytes: Buffer.from(text) });
  writer.complete('p', keys);
  return writer.commit({ at: keys.length }, 5);
}

function content(folder: SnapshotFolder): string[] {
  return Array.from(folder.chunks('p'), (bytes) => Buffer.from(bytes).toString());
}

describe('snapshot folder', () => {
  it('holds what was committed, with chunks of earlier snapshots that did not change', async () => {
    const folder = open();
    expect([folder.head, folder.parts, content(folder)]).toEqual([undefined, [], []]);
    await save(folder, { a: 'one', b: 'two' }, ['a', 'b']);
    await save(folder, { b: 'three' }, ['a', 'b']);
    const again = open();
    expect([again.head, again.savedMs, again.parts, again.bytes]).toEqual([{ at: 2 }, 5, ['p'], 8]);
    expect(content(again)).toEqual(['one', 'three']);
  });

  it('removes files that nothing refers to, those of a snapshot that was cut off too', async () => {
    const folder = open();
    await save(folder, { a: 'one' }, ['a']);
    await save(folder, { a: 'two' }, ['a']);
    expect(readdirSync(path).sort()).toEqual(['chunks-2', 'manifest']);
    const unfinished = await folder.begin();
    await unfinished.add('p', { key: 'a', bytes: Buffer.from('never') });
    expect(content(open())).toEqual(['two']);
    expect(readdirSync(path).sort()).toEqual(['chunks-2', 'manifest']);
    await unfinished.abort();
  });

  it('keeps the snapshot before when the new one is too large or given up', async () => {
    const folder = open(4);
    expect(await save(folder, { a: 'one' }, ['a'])).toBe('committed');
    expect(await save(folder, { b: 'two' }, ['a', 'b'])).toBe('too_large');
    await (await folder.begin()).abort();
    expect(content(open(4))).toEqual(['one']);
    expect(readdirSync(path).sort()).toEqual(['chunks-1', 'manifest']);
  });

  it('sets a damaged manifest aside, whichever byte is wrong', async () => {
    await save(open(), { a: 'one' }, ['a']);
    const file = join(path, 'manifest');
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += 7) {
      const wrong = Buffer.from(whole);
      wrong[at] = (wrong[at] as number) ^ 4;
      writeFileSync(file, wrong);
      writeFileSync(join(path, 'chunks-1'), 'one');
      const folder = open();
      expect([folder.head, content(folder)]).toEqual([undefined, []]);
    }
    expect(damaged.length).toBe(Math.ceil(whole.length / 7));
  });

  it('wants a full snapshot when far more is dead on disk than alive', async () => {
    const folder = open(1 << 30);
    const large = 'x'.repeat(40 << 20);
    await save(folder, { a: large, k1: '1' }, ['a', 'k1']);
    await save(folder, { a: large, k2: '2' }, ['a', 'k1', 'k2']);
    expect(folder.wantsFull).toBe(false);
    await save(folder, { a: 'small' }, ['a', 'k1', 'k2']);
    expect([folder.wantsFull, open(1 << 30).wantsFull]).toEqual([true, true]);
    await save(folder, { a: 'a', k1: '1', k2: '2' }, ['a', 'k1', 'k2']);
    expect([folder.wantsFull, readdirSync(path).length]).toEqual([false, 2]);
  });

  it('writes a manifest that the disk took in pieces as a whole', async () => {
    const handles = await handlePrototype();
    const whole = handles.write as (...given: unknown[]) => Promise<unknown>;
    const spy = vi.spyOn(handles, 'write').mockImplementation(function (this: FileHandle, ...given: unknown[]) {
      const [data, offset = 0, length] = given;
      const bytes = typeof data === 'string' ? Buffer.from(data) : (data as Uint8Array);
      const part = Math.min(7, (length as number | undefined) ?? bytes.length - Number(offset));
      return whole.call(this, bytes, offset, part) as never;
    } as never);
    try {
      await save(open(), { a: 'one', b: 'two' }, ['a', 'b']);
    } finally {
      spy.mockRestore();
    }
    const again = open();
    expect([damaged, again.head, content(again)]).toEqual([[], { at: 2 }, ['one', 'two']]);
  });

  it('leaves nothing behind when the disk refuses the last bytes', async () => {
    const folder = open();
    await save(folder, { a: 'one' }, ['a']);
    const handles = await handlePrototype();
    const spy = vi.spyOn(handles, 'datasync').mockRejectedValue(new Error('ENOSPC'));
    try {
      for (let i = 0; i < 3; i++) await expect(save(folder, { a: 'two' }, ['a'])).rejects.toThrow('ENOSPC');
    } finally {
      spy.mockRestore();
    }
    expect(readdirSync(path).filter((name) => name.startsWith('chunks'))).toEqual(['chunks-1']);
    expect(content(open())).toEqual(['one']);
  });

  it('keeps the file of a snapshot that stands when what comes after it fails', async () => {
    const folder = open();
    await save(folder, { a: 'one' }, ['a']);
    const handles = await handlePrototype();
    const spy = vi.spyOn(handles, 'sync').mockRejectedValue(new Error('EIO'));
    try {
      await expect(save(folder, { a: 'two' }, ['a'])).rejects.toThrow('EIO');
    } finally {
      spy.mockRestore();
    }
    expect([content(folder), content(open())]).toEqual([['two'], ['two']]);
  });

  it('gives empty chunks for a file that is gone', async () => {
    const folder = open();
    await save(folder, { a: 'one' }, ['a']);
    await save(folder, { b: 'two' }, ['a', 'b']);
    rmSync(join(path, 'chunks-1'));
    expect(content(open())).toEqual(['', 'two']);
  });
});

async function handlePrototype(): Promise<FileHandle> {
  const handle = await openFile(path, 'r');
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}
