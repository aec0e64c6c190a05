import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { FlintError } from '../errors/diagnostic.ts';
import { assertFree, knowsReusePort } from './shared-port.ts';

describe('a port that sockets share', () => {
  it('is known to Node.js from 22.12 and 23.1', () => {
    const known = ['22.12.0', '22.23.3', '23.1.0', '24.0.0', '26.3.1'];
    const unknown = ['18.20.0', '20.20.2', '22.11.9', '23.0.0'];
    expect(known.filter((version) => !knowsReusePort(version))).toEqual([]);
    expect(unknown.filter((version) => knowsReusePort(version))).toEqual([]);
  });

  it('must be free before the first of them', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    const { port } = other.address();
    const refusal = await assertFree('127.0.0.1', port).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(FlintError);
    expect((refusal as FlintError).message).toContain(`address "127.0.0.1:${port}" is already in use`);
    await new Promise<void>((resolve) => other.close(resolve));
    await assertFree('127.0.0.1', port);
    await assertFree('127.0.0.1', 0);
  });
});
