/**
 * What Flint itself adds to STIX 2.1 content: ids that follow from a name (the same finding is the same object wherever it is sent), the identity
 * of the sensor, and references to markings of the Traffic Light Protocol. The four levels of TLP 1.0 stand in STIX 2.1 section 7.2.1.4; strict
 * amber exists in TLP 2.0 only.
 */
import type { Tlp } from '../core/indicator.ts';
import { uuidV4Of, uuidV5 } from '../core/uuid.ts';

export interface StixObject {
  readonly type: string;
  readonly id: string;
  readonly [property: string]: unknown;
}

/** Namespace of ids that Flint makes. */
const NAMESPACE = 'b8d9e7b4-6a0f-5d0c-9d0e-6f1f4c8a2c11';

/** Objects that have no times of their own (a rule, a sensor, a line of a list): their version must not follow the alert's. */
export const UNDATED = '2024-01-01T00:00:00.000Z';

const MARKINGS: Readonly<Record<Tlp, string>> = {
  clear: 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9',
  green: 'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da',
  amber: 'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82',
  'amber+strict': 'marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003',
  red: 'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed',
};

export function ownId(type: string, key: string): string {
  return `${type}--${uuidV5(NAMESPACE, `${type} ${key}`)}`;
}

/** A process has no properties that make its id: the standard asks for a random one (section 6.13). */
export function ownProcessId(key: string): string {
  return `process--${uuidV4Of(NAMESPACE, `process ${key}`)}`;
}

/** `object_marking_refs` of a level, in any letter case; nothing for an unknown one. */
export function markedAs(level: string | undefined): { readonly object_marking_refs?: readonly string[] } {
  const known = level?.toLowerCase() ?? '';
  return Object.hasOwn(MARKINGS, known) ? { object_marking_refs: [MARKINGS[known as Tlp]] } : {};
}

/** Who saw it: this sensor, by its name. */
export function sensorIdentity(sensor: string): StixObject {
  return {
    type: 'identity',
    spec_version: '2.1',
    id: ownId('identity', sensor),
    created: UNDATED,
    modified: UNDATED,
    name: sensor === '' ? 'flint' : sensor,
    identity_class: 'system',
  };
}
