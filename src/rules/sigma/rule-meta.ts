/** The fields every kind of Sigma document shares: title, id, status, level, tags and the rest of sigma.md section 2. */
import type { LogSource } from '../../core/logsource.ts';
import { LEVELS } from '../../core/level.ts';
import type { RuleDetails } from '../../core/match.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { RuleStatus } from '../../ir/detection-rule.ts';
import type { RuleMeta } from './ast.ts';
import { isMapping } from './definition.ts';
import type { Reporter } from './reporter.ts';

export type YamlMap = Readonly<Record<string, unknown>>;

export const STATUSES: readonly RuleStatus[] = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'];

const KNOWN_KEYS = new Set([
  'title',
  'id',
  'name',
  'taxonomy',
  'status',
  'description',
  'license',
  'author',
  'references',
  'date',
  'modified',
  'logsource',
  'detection',
  'correlation',
  'filter',
  'fields',
  'level',
  'tags',
  'action',
  'generate',
  'sigma-version',
  'type',
  'rules',
  'group-by',
  'timespan',
  'ordered',
  'condition',
  'aliases',
]);

/** Of the language, as far as it is proposed. */
const NEWEST_VERSION = 3;
const MAX_TITLE = 256;
const MAX_DESCRIPTION = 65_535;

/** Reads and checks the common fields. `ordinal` is the document's position in its file, from 0. */
export function parseMeta(document: YamlMap, ordinal: number, reporter: Reporter): RuleMeta {
  const title = textField(document, 'title', reporter);
  if (title === undefined && document['title'] === undefined)
    reporter.error('SIGMA_BAD_RULE', 'title is missing', [], 'give the rule a title of at most 256 characters');
  if ((title ?? '').length > MAX_TITLE)
    reporter.warn('SIGMA_QUESTIONABLE', `title is longer than ${MAX_TITLE} characters`, ['title']);
  const id = textField(document, 'id', reporter);
  const name = textField(document, 'name', reporter);
  const license = textField(document, 'license', reporter);
  const author = authorField(document, reporter);
  const description = textField(document, 'description', reporter)?.slice(0, MAX_DESCRIPTION);
  const status = choice(document, 'status', STATUSES, reporter);
  const level = choice(document, 'level', LEVELS, reporter);
  const references = textList(document, 'references', reporter);
  const tags = textList(document, 'tags', reporter);
  for (const [index, tag] of (tags ?? []).entries())
    if (!/^[a-z0-9_-]+\.[a-z0-9._-]+$/.test(tag))
      reporter.warn(
        'SIGMA_QUESTIONABLE',
        `tag "${tag}" is not of the form namespace.value`,
        ['tags', index],
        'write lower case letters, digits, "-", "_" and ".", as in attack.t1059.001',
      );
  if (Number(document['sigma-version']) > NEWEST_VERSION)
    reporter.warn(
      'SIGMA_QUESTIONABLE',
      `sigma-version ${String(document['sigma-version'])} is not known: the rule is read as one of version ${NEWEST_VERSION}`,
      ['sigma-version'],
      `state version ${NEWEST_VERSION} or less where the rule needs nothing newer`,
    );
  const date = dateField(document, 'date', reporter);
  const modified = dateField(document, 'modified', reporter);
  const details: RuleDetails = {
    id: id ?? name ?? `${reporter.file}#${ordinal + 1}`,
    name: title ?? name ?? id ?? '',
    ...(level === undefined ? {} : { level }),
    ...(author === undefined ? {} : { author }),
    ...(license === undefined ? {} : { license }),
    ...(description === undefined ? {} : { description }),
    ...(references === undefined ? {} : { references }),
    ...(tags === undefined ? {} : { tags }),
  };
  return {
    details,
    origin: { file: reporter.file, line: reporter.line },
    ...(name === undefined ? {} : { name }),
    ...(status === undefined ? {} : { status }),
    taxonomy: textField(document, 'taxonomy', reporter) ?? 'sigma',
    fields: textList(document, 'fields', reporter) ?? [],
    custom: customAttributes(document),
    ...(date === undefined ? {} : { date }),
    ...(modified === undefined ? {} : { modified }),
  };
}

/** At least one of category, product, service; `definition` is for people; other keys are kept. */
export function parseLogSource(
  document: YamlMap,
  reporter: Reporter,
): (LogSource & { readonly custom?: Readonly<Record<string, string>> }) | undefined {
  const raw = document['logsource'];
  if (!isMapping(raw)) {
    const message = raw === undefined ? 'logsource is missing' : 'logsource is no map';
    reporter.error(
      'SIGMA_BAD_RULE',
      message,
      raw === undefined ? [] : ['logsource'],
      'give category, product or service',
    );
    return undefined;
  }
  const source: Record<string, string> = {};
  const custom: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [key, value] of Object.entries(raw)) {
    if (value === null || key === 'definition') continue;
    if (typeof value !== 'string') {
      reporter.error('SIGMA_BAD_RULE', `logsource ${key} is no text`, ['logsource', key]);
      continue;
    }
    if (key === 'category' || key === 'product' || key === 'service')
      source[key] = value.toLowerCase().replaceAll(' ', '_');
    else custom[key] = value;
  }
  if (Object.keys(source).length === 0) {
    const near = suggestion(Object.keys(raw)[0] ?? '', ['category', 'product', 'service']);
    reporter.error(
      'SIGMA_BAD_RULE',
      `logsource has neither category, product nor service${near}`,
      ['logsource'],
      'give at least one of the three',
    );
    return undefined;
  }
  return { ...(source as LogSource), ...(Object.keys(custom).length === 0 ? {} : { custom }) };
}

function textField(document: YamlMap, key: string, reporter: Reporter): string | undefined {
  const value = document[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  reporter.error('SIGMA_BAD_RULE', `${key} is no text`, [key]);
  return undefined;
}

/** One text or a list of texts; scalars are taken as text. */
export function textList(document: YamlMap, key: string, reporter: Reporter): string[] | undefined {
  const value = document[key];
  if (value === undefined || value === null) return undefined;
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const texts: string[] = [];
  for (const [index, member] of list.entries()) {
    if (member === null || typeof member === 'object')
      reporter.error(
        'SIGMA_BAD_RULE',
        `${key} has a member that is no text`,
        Array.isArray(value) ? [key, index] : [key],
      );
    else texts.push(String(member));
  }
  return texts;
}

function authorField(document: YamlMap, reporter: Reporter): string | undefined {
  return Array.isArray(document['author'])
    ? textList(document, 'author', reporter)?.join(', ')
    : textField(document, 'author', reporter);
}

function choice<T extends string>(
  document: YamlMap,
  key: string,
  known: readonly T[],
  reporter: Reporter,
): T | undefined {
  const value = textField(document, key, reporter);
  if (value === undefined) return undefined;
  const lower = value.toLowerCase();
  const found = known.find((name) => name === lower);
  if (found === undefined)
    reporter.error(
      'SIGMA_BAD_RULE',
      `${key} "${value}" is not known${suggestion(value, known)}`,
      [key],
      `one of ${known.join(', ')}`,
    );
  return found;
}

function dateField(document: YamlMap, key: string, reporter: Reporter): string | undefined {
  const value = textField(document, key, reporter);
  if (value === undefined) return undefined;
  if (/^\d{4}\/\d{2}\/\d{2}$/.test(value))
    reporter.note(
      'SIGMA_QUESTIONABLE',
      `${key} "${value}" is in the old form`,
      [key],
      `write ${value.replaceAll('/', '-')}`,
    );
  else if (!/^\d{4}-\d{2}-\d{2}/.test(value))
    reporter.warn('SIGMA_QUESTIONABLE', `${key} "${value}" is no date`, [key], 'write it as 2026-03-01');
  return value.replaceAll('/', '-');
}

function customAttributes(document: YamlMap): Readonly<Record<string, unknown>> {
  const custom = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(document)) if (!KNOWN_KEYS.has(key)) custom[key] = value;
  return custom;
}
