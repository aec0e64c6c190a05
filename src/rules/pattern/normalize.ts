/**
 * What feeds write against what mapped log events hold (stix-patterns.md sections 11 and 16): properties of 2.0 under their 2.1
 * names, pseudo types, spellings of hash algorithms; and values compared in the form that the mapping gives them. Only
 * for patterns that are matched on events, each change noted; observed-data is compared by the letter.
 */
import { canonicalDomain } from '../../core/domain-name.ts';
import { hashAlgorithm } from '../../core/hash-algorithm.ts';
import { parseNetwork, canonicalIp } from '../../core/ip-address.ts';
import { canonicalUrl } from '../../core/web-url.ts';
import type { Literal, Test } from '../../ir/predicate.ts';
import type { PathStep, PatternPath } from './ast.ts';

export type Normalization =
  | 'pseudo-type'
  | 'renamed-property'
  | 'hash-algorithm'
  | 'canonical-value'
  | 'network-by-equals';

const PSEUDO_TYPES: ReadonlyMap<string, string> = new Map([
  ...['domain', 'hostname', 'fqdn', 'domainname'].map((name) => [name, 'domain-name'] as const),
  ...['ipv4addr', 'ipv4', 'ipv4-address'].map((name) => [name, 'ipv4-addr'] as const),
  ...['ipv6addr', 'ipv6', 'ipv6-address'].map((name) => [name, 'ipv6-addr'] as const),
  ...['win-registry-key', 'registry-key', 'windows-registry'].map((name) => [name, 'windows-registry-key'] as const),
  ['uri', 'url'],
  ['email', 'email-message'],
  ['email-address', 'email-addr'],
]);

/** Types of what single references lead to. */
const REFERRED: Readonly<Record<string, string>> = {
  'process:parent_ref': 'process',
  'process:binary_ref': 'file',
  'process:image_ref': 'file',
  'file:parent_directory_ref': 'directory',
};

/** 2.0 to 2.1, by type. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  file: { created: ['ctime'], modified: ['mtime'], accessed: ['atime'] },
  directory: { created: ['ctime'], modified: ['mtime'], accessed: ['atime'] },
  process: {
    name: ['image_ref', 'name'],
    arguments: ['command_line'],
    created: ['created_time'],
    binary_ref: ['image_ref'],
  },
  'windows-registry-key': { modified: ['modified_time'] },
  'user-account': { password_last_changed: ['credential_last_changed'] },
  'network-traffic': { encapsulates_by_ref: ['encapsulated_by_ref'] },
};

export function normalPath(path: PatternPath, notes: Set<Normalization>): PatternPath {
  let { type, steps } = path;
  const real = PSEUDO_TYPES.get(type.toLowerCase());
  if (real !== undefined) {
    notes.add('pseudo-type');
    type = real;
  }
  if (type === 'http-request-ext') {
    notes.add('pseudo-type');
    type = 'network-traffic';
    steps = [key('extensions'), key('http-request-ext'), ...steps];
  }
  // References lead to objects whose properties were renamed as well: `process:parent_ref.name`.
  const [first, ...rest] = steps;
  const nested = first?.kind === 'key' && Object.hasOwn(REFERRED, `${type}:${first.name}`) ? first : undefined;
  steps =
    nested === undefined
      ? renamed(type, steps, notes)
      : [nested, ...renamed(REFERRED[`${type}:${nested.name}`] as string, rest, notes)];
  return { type, steps: steps.map((step, i) => algorithmStep(step, steps[i - 1], notes)) };
}

function renamed(type: string, steps: readonly PathStep[], notes: Set<Normalization>): readonly PathStep[] {
  const [first, ...rest] = steps;
  const table = Object.hasOwn(RENAMED, type) ? RENAMED[type] : undefined;
  if (table === undefined || first?.kind !== 'key' || !Object.hasOwn(table, first.name)) return steps;
  notes.add('renamed-property');
  return [...(table[first.name] ?? []).map(key), ...rest];
}

function algorithmStep(step: PathStep, before: PathStep | undefined, notes: Set<Normalization>): PathStep {
  if (step.kind !== 'key' || before?.kind !== 'key' || before.name !== 'hashes') return step;
  const name = hashAlgorithm(step.name);
  if (name === undefined || name === step.name) return step;
  notes.add('hash-algorithm');
  return key(name);
}

function key(name: string): PathStep {
  return { kind: 'key', name };
}

/** How values under a path are written by mappings. */
type ValueForm = 'host' | 'url' | 'folded' | 'registry-key';

export function normalTest(path: PatternPath, test: Test, notes: Set<Normalization>): Test {
  if (test.kind !== 'equals' && test.kind !== 'in') return test;
  const form = valueForm(path);
  const literals = test.kind === 'equals' ? [test.value] : test.values;
  if (form === undefined || literals.some(({ type }) => type !== 'string')) return test;
  const [only] = literals;
  if (form === 'host' && literals.length === 1 && only?.type === 'string') {
    const network = parseNetwork(only.value);
    if (network !== undefined && only.value.includes('/')) {
      notes.add('network-by-equals');
      return { kind: 'network', relation: 'subset', network: only.value };
    }
  }
  const values = literals.flatMap((literal) => (literal.type === 'string' ? forms(form, literal.value) : []));
  if (values.length !== literals.length || values.some((value, i) => !sameText(value, literals[i])))
    notes.add('canonical-value');
  const collation = form === 'url' ? 'exact' : 'folded';
  const texts = values.map((value): Literal => ({ type: 'string', value }));
  const [first] = texts;
  if (texts.length === 1 && first !== undefined) return { kind: 'equals', value: first, collation, typing: 'strict' };
  return { kind: 'in', values: texts, collation, typing: 'strict' };
}

function sameText(value: string, literal: Literal | undefined): boolean {
  return literal?.type === 'string' && literal.value === value;
}

function valueForm({ type, steps }: PatternPath): ValueForm | undefined {
  const keys = steps.flatMap((step) => (step.kind === 'key' ? [step.name] : []));
  const [last = '', before = ''] = [keys.at(-1), keys.at(-2)];
  if (before === 'hashes' || last === 'imphash') return 'folded';
  if (last === 'value') {
    if (keys.length > 1) return before === 'from_ref' || before === 'to_refs' ? 'folded' : 'host';
    if (type === 'url') return 'url';
    return type === 'email-addr' || type === 'mac-addr' ? 'folded' : 'host';
  }
  if (type === 'windows-registry-key' && last === 'key') return 'registry-key';
  const isFile = type === 'file' || ['image_ref', 'content_ref', 'body_raw_ref'].includes(before);
  if (last === 'name' && isFile) return 'folded';
  return last === 'path' && (type === 'directory' || before === 'parent_directory_ref') ? 'folded' : undefined;
}

const HIVES: ReadonlyMap<string, string> = new Map([
  ['hklm', 'HKEY_LOCAL_MACHINE'],
  ['hkcu', 'HKEY_CURRENT_USER'],
  ['hkcr', 'HKEY_CLASSES_ROOT'],
  ['hku', 'HKEY_USERS'],
  ['hkcc', 'HKEY_CURRENT_CONFIG'],
]);

function forms(form: ValueForm, text: string): readonly string[] {
  if (form === 'host') {
    const address = text.endsWith('/32') || text.endsWith('/128') ? text.slice(0, text.lastIndexOf('/')) : text;
    return [canonicalIp(address) ?? canonicalDomain(text) ?? text];
  }
  if (form === 'url') return [...new Set([text, canonicalUrl(text) ?? text])];
  if (form === 'registry-key')
    return [text.replace(/^[a-z]+(?=\\|$)/i, (hive) => HIVES.get(hive.toLowerCase()) ?? hive)];
  return [text];
}
