/**
 * The STIX cyber observables of one log event, made only when a pattern asks for their type or follows a reference to them
 * (docs/patterns.md). Objects come from the mappings that apply; besides, every address, name, URL, e-mail address and
 * hash that `observables.ts` finds anywhere in the event is an object of its own, so that no single value is missed
 * because a mapping does not know its field.
 */
import type { EventObject, EventScalar, EventValue } from '../../core/event.ts';
import { someValue } from '../../core/field-path.ts';
import { foldCase } from '../../core/fold.ts';
import { canonicalIp } from '../../core/ip-address.ts';
import type { Observable } from '../../core/observable.ts';
import { convert } from './conversions.ts';
import type { Condition, FieldSource, ObjectTemplate, PropertySource, StixMapping } from './mapping.ts';

export interface MappedObject {
  readonly id: string;
  readonly type: string;
  readonly properties: EventObject;
}

/** More objects than this from one template are not made: a record is one observation, not a list of answers without end. */
const MAX_EACH = 1_000;
const NO_PREFIX: readonly string[] = [''];
const ADDRESS_TYPES: ReadonlySet<string> = new Set(['ipv4-addr', 'ipv6-addr', 'domain-name']);

interface Slot {
  readonly mapping: StixMapping;
  readonly template: ObjectTemplate;
  /** What the fields of the event give, one entry for each object; undefined until asked for. */
  own: readonly Own[] | undefined;
  /** The same with references; undefined until asked for. */
  made: readonly MappedObject[] | undefined;
}

interface Own {
  readonly id: string;
  readonly type: string;
  readonly properties: EventObject;
}

export class EventObjects {
  readonly #fields: EventObject;
  readonly #mappings: readonly StixMapping[];
  readonly #observe: () => readonly Observable[];
  #slots: ReadonlyMap<string, Slot> | undefined;
  #extras: readonly MappedObject[] | undefined;
  readonly #present = new Map<readonly string[], readonly string[]>();

  /** `observe` is called at most once, and only for types that observables can have. */
  constructor(fields: EventObject, mappings: readonly StixMapping[], observe: () => readonly Observable[]) {
    this.#fields = fields;
    this.#mappings = mappings;
    this.#observe = observe;
  }

  *objects(type: string): Iterable<MappedObject> {
    for (const [id, slot] of this.#slotsById()) {
      const { type: templateType } = slot.template;
      if (templateType !== type && (templateType !== 'address' || !ADDRESS_TYPES.has(type))) continue;
      for (const object of this.#make(id, slot)) if (object.type === type) yield object;
    }
    if (!EXTRA_TYPES.has(type)) return;
    this.#extras ??= this.#observe().flatMap(extraObject);
    for (const object of this.#extras) if (object.type === type) yield object;
  }

  /** Ids are `mapping/template#position`. */
  resolve(id: string): MappedObject | undefined {
    const [slotId = '', position] = id.split('#');
    const slot = this.#slotsById().get(slotId);
    return slot === undefined ? undefined : this.#make(slotId, slot)[Number(position)];
  }

  #slotsById(): ReadonlyMap<string, Slot> {
    if (this.#slots !== undefined) return this.#slots;
    const slots = new Map<string, Slot>();
    for (const mapping of this.#mappings) {
      if (!mapping.when.every((condition) => this.#holds(condition, mapping))) continue;
      for (const template of mapping.objects)
        if (template.when?.every((condition) => this.#holds(condition, mapping)) !== false)
          slots.set(`${mapping.name}/${template.id}`, { mapping, template, own: undefined, made: undefined });
    }
    this.#slots = slots;
    return slots;
  }

  #holds({ fields, values }: Condition, mapping: StixMapping): boolean {
    const wanted = values?.map(foldCase);
    return this.#values(mapping, fields, (value) => wanted === undefined || wanted.includes(foldCase(String(value))));
  }

  #make(id: string, slot: Slot): readonly MappedObject[] {
    slot.made ??= this.#ownOrReferring(id, slot).map((own) => ({
      ...own,
      properties: { type: own.type, ...this.#withReferences(slot, own.properties) },
    }));
    return slot.made;
  }

  /** An object without fields of its own exists when one of its `existsWith` does. */
  #ownOrReferring(id: string, slot: Slot): readonly Own[] {
    const { template, mapping } = slot;
    if (template.requires?.every((one) => this.#reachesFields(`${mapping.name}/${one}`, new Set())) === false)
      return [];
    const own = this.#own(id, slot);
    if (own.length > 0 || template.existsWith === undefined || template.type === 'address') return own;
    return this.#reachesFields(id, new Set()) ? [{ id: `${id}#0`, type: template.type, properties: {} }] : [];
  }

  /** Asked of ids only, so that templates may refer to each other in circles. */
  #reachesFields(id: string, visited: Set<string>): boolean {
    const slot = this.#slotsById().get(id);
    if (slot === undefined || visited.has(id)) return false;
    visited.add(id);
    if (this.#own(id, slot).length > 0) return true;
    const { mapping, template } = slot;
    return template.existsWith?.some((target) => this.#reachesFields(`${mapping.name}/${target}`, visited)) === true;
  }

  #own(id: string, slot: Slot): readonly Own[] {
    if (slot.own !== undefined) return slot.own;
    const { mapping, template } = slot;
    const each =
      template.each === undefined ? [undefined] : this.#read(mapping, template.each, true).slice(0, MAX_EACH);
    const own: Own[] = [];
    for (const current of each) {
      const properties: Record<string, EventValue> = {};
      for (const [path, source] of Object.entries(template.properties)) {
        const value = this.#fieldValue(mapping, source, current);
        if (value !== undefined) setAt(properties, path.split('.'), value);
      }
      const type = template.type === 'address' ? addressType(properties['value']) : template.type;
      if (type !== undefined && Object.keys(properties).length > 0)
        own.push({ id: `${id}#${own.length}`, type, properties });
    }
    slot.own = own;
    return own;
  }

  #fieldValue(mapping: StixMapping, source: PropertySource, current: EventValue | undefined): EventValue | undefined {
    if ('each' in source)
      return current === undefined || typeof current === 'object' ? undefined : convert(source.as, current);
    if (!('from' in source)) return undefined;
    const values = this.#read(mapping, source, source.list === true);
    if (source.list === true) return values.length === 0 ? undefined : values;
    return values[0];
  }

  /** The properties with references and fixed values added, in a copy. */
  #withReferences({ mapping, template }: Slot, own: EventObject): EventObject {
    const properties: Record<string, EventValue> = { ...own };
    for (const [path, source] of Object.entries(template.properties)) {
      const value = this.#addedValue(mapping, source);
      if (value !== undefined) setAt(properties, path.split('.'), value);
    }
    return properties;
  }

  #addedValue(mapping: StixMapping, source: PropertySource): EventValue | undefined {
    if ('value' in source) return source.value;
    if ('ref' in source) return this.#ids(mapping, source.ref)[0];
    if (!('refs' in source)) return undefined;
    const ids = this.#ids(mapping, source.refs);
    return ids.length === 0 ? undefined : ids;
  }

  #ids(mapping: StixMapping, templates: readonly string[]): readonly string[] {
    return templates.flatMap((template) => {
      const id = `${mapping.name}/${template}`;
      const slot = this.#slotsById().get(id);
      return slot === undefined ? [] : this.#ownOrReferring(id, slot).map((own) => own.id);
    });
  }

  #read(mapping: StixMapping, source: FieldSource, all: boolean): EventValue[] {
    const found: EventValue[] = [];
    this.#values(mapping, source.from, (value) => {
      const parts = source.split !== undefined && typeof value === 'string' ? value.split(source.split) : [value];
      for (const part of parts) {
        const converted = convert(source.as, part);
        if (converted !== undefined) found.push(converted);
      }
      return !all && found.length > 0;
    });
    return found;
  }

  /** Those under which the event has anything at all. */
  #prefixes(mapping: StixMapping): readonly string[] {
    const { prefixes } = mapping;
    if (prefixes === undefined) return NO_PREFIX;
    let present = this.#present.get(prefixes);
    if (present === undefined) {
      const keys = Object.keys(this.#fields);
      present = prefixes.filter((prefix) => {
        const [root = ''] = prefix.split('.');
        return keys.some((key) => key.startsWith(root));
      });
      this.#present.set(prefixes, present);
    }
    return present;
  }

  /** Visits the scalars of the fields until `visit` says stop; whether it did. */
  #values(mapping: StixMapping, names: readonly string[], visit: (value: EventScalar) => boolean): boolean {
    const prefixes = this.#prefixes(mapping);
    const visitScalar = (value: EventValue): boolean => (value === null || typeof value !== 'object') && visit(value);
    for (const name of names) {
      for (const prefix of prefixes) {
        const full = prefix === '' ? name : prefix + name;
        // Most names of a mapping are absent: looking at the first segment spares walking for them.
        if (this.#mayHold(full) && someValue(this.#fields, full, visitScalar)) return true;
      }
    }
    return false;
  }

  #mayHold(name: string): boolean {
    if (Object.hasOwn(this.#fields, name)) return true;
    const dot = name.indexOf('.');
    return dot > 0 && Object.hasOwn(this.#fields, name.slice(0, dot));
  }
}

/** A number in the path is a position in a list; lists are filled from the front. */
function setAt(target: Record<string, EventValue>, path: readonly string[], value: EventValue): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = Object.hasOwn(target, key) ? target[key] : undefined;
  const next = (inner ?? (/^\d+$/.test(rest[0] as string) ? [] : {})) as Record<string, EventValue>;
  target[key] = next;
  setAt(next, rest, value);
}

function addressType(value: EventValue | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (canonicalIp(value) === undefined) return 'domain-name';
  return value.includes(':') ? 'ipv6-addr' : 'ipv4-addr';
}

const EXTRA_TYPES: ReadonlySet<string> = new Set([...ADDRESS_TYPES, 'url', 'email-addr', 'file']);
const HASH_LENGTHS: Readonly<Record<number, string>> = {
  32: 'MD5',
  40: 'SHA-1',
  64: 'SHA-256',
  96: 'SHA-384',
  128: 'SHA-512',
};

function extraObject(observable: Observable, index: number): MappedObject[] {
  const { kind, value, seen } = observable;
  const object = (type: string, properties: EventObject, part = ''): MappedObject => ({
    id: `observable${part}#${index}`,
    type,
    properties: { type, ...properties },
  });
  if (kind === 'ipv4') return [object('ipv4-addr', { value })];
  if (kind === 'ipv6') return [object('ipv6-addr', { value })];
  if (kind === 'domain') return [object('domain-name', { value })];
  if (kind === 'email') return [object('email-addr', { value })];
  if (kind === 'url')
    return [object('url', { value: seen }), ...(value === seen ? [] : [object('url', { value }, '-canonical')])];
  const algorithm = kind === 'hash' ? HASH_LENGTHS[value.length] : undefined;
  return algorithm === undefined ? [] : [object('file', { hashes: { [algorithm]: value } })];
}
