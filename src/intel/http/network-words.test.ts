import { describe, expect, it } from 'vitest';
import { networkReason } from './network-words.ts';

describe('reasons of the network layer', () => {
  it('are put into words, with the code; what does not pass by itself is told apart', () => {
    expect(networkReason({ code: 'ECONNREFUSED', message: 'x' })).toEqual({
      text: 'nothing listens there (ECONNREFUSED)',
      lasting: false,
    });
    const untrusted = networkReason({ code: 'SELF_SIGNED_CERT_IN_CHAIN', message: 'x' });
    expect(untrusted.text).toContain('tls.ca_file');
    expect(untrusted.lasting).toBe(true);
    expect(networkReason({ code: 'EODD', message: 'x' })).toEqual({ text: 'EODD', lasting: false });
    expect(networkReason({ code: 'constructor', message: 'x' }).text).toBe('constructor');
    expect(networkReason({ message: 'odd' })).toEqual({ text: 'odd', lasting: false });
  });
});
