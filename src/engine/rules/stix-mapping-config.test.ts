import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EventObjects } from '../../fields/stix/event-objects.ts';
import { readStixMappings } from './stix-mapping-config.ts';

const object = (properties: object, more: object = {}) => ({ id: 'a', type: 'mutex', properties, ...more });
const mapping = (...objects: object[]) => ({ name: 'own', when: [{ fields: ['x'] }], objects });

function messages(entry: unknown): readonly string[] {
  return readStixMappings([entry]).diagnostics.map(({ message }) => message);
}

describe('mappings from the configuration', () => {
  it('are read as docs/patterns.md shows them', () => {
    const page = readFileSync(new URL('../../../docs/patterns.md', import.meta.url), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const { mappings, diagnostics } = readStixMappings((parse(example) as { stix_mappings: unknown[] }).stix_mappings);
    expect(diagnostics).toEqual([]);
    const objects = new EventObjects({ lock_id: 'L1', card: 'eve', panel_ip: '192.0.2.1' }, mappings, () => []);
    expect([...objects.objects('user-account')].map(({ properties }) => properties)).toEqual([
      { type: 'user-account', account_login: 'eve', extensions: { 'door-ext': { lock: 'L1' } } },
    ]);
    expect([...objects.objects('ipv4-addr')]).toHaveLength(1);
  });

  it('are left out with each mistake named', () => {
    expect(messages(mapping(object({ name: { from: ['x'], as: 'txt' } })))).toEqual([
      '"as" is "txt", which is no conversion; did you mean "text"? in stix_mappings[0]',
    ]);
    expect(
      messages(mapping(object({ b_ref: { ref: ['bb'] } }), { ...object({ name: { value: 1 } }), id: 'b' })),
    ).toEqual(['"ref" names no object "bb"; did you mean "b"? in stix_mappings[0]']);
    expect(messages(mapping(object({ name: { form: ['x'] } })))).toEqual([
      '"a.name" needs one of from, each, refs, ref, value in stix_mappings[0]',
    ]);
    expect(messages(mapping(object({ name: { from: ['x'], as: 'text', al: 1 } })))[0]).toContain('unknown key "al"');
    expect(messages({ ...mapping(object({ '__proto__.x': { value: 1 } })), name: 'ecs' })).toEqual([
      'the name "ecs" is taken in stix_mappings[0]',
      '"a.__proto__.x" is no property path in stix_mappings[0]',
    ]);
    expect(messages({ nam: 'x' })[0]).toContain('did you mean "name"?');
    expect(messages('text').length).toBeGreaterThan(0);
    expect(readStixMappings([{}]).mappings).toEqual([]);
  });
});
