import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../../core/event.ts';
import { evaluate } from '../../../match/interpreter.ts';
import { regexProblem } from '../../../match/regex.ts';
import { eventSubject } from '../../../match/subject.ts';
import type { SigmaRules } from '../load.ts';
import { loadSigma } from '../load.ts';

const RULE = `
title: R
name: R
status: test
level: high
tags: [attack.t1059]
logsource: {category: process_creation, product: windows}
fields: [Image]
detection:
  sel: {Image|endswith: '\\cmd.exe', User: bob}
  other: {CommandLine|contains: 'x', Hashes|contains: 'MD5=0123456789abcdef0123456789abcdef'}
  condition: sel or other
`;

function load(pipeline: string, rule = RULE, files: Readonly<Record<string, string>> = {}): SigmaRules {
  const pipelines = [{ path: 'p.yml', text: `name: p\npriority: 10\ntransformations:\n${pipeline}` }];
  return loadSigma([{ path: 'r.yml', text: rule }], { regexProblem, pipelines, readFile: (path) => files[path] });
}

function errors(rules: SigmaRules): string[] {
  return rules.diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
}

function matches(rules: SigmaRules, event: EventObject): boolean {
  expect(errors(rules)).toEqual([]);
  return rules.detections.some(({ predicate }) => evaluate(predicate, eventSubject(event)));
}

const one = (detection: string): string =>
  `title: R\nlogsource: {category: c, product: windows}\ndetection:\n  sel: ${detection}\n  condition: sel\n`;

describe('field transformations', () => {
  it('rename, to several fields OR-linked, in the field list too', () => {
    const rules = load('- {type: field_name_mapping, mapping: {Image: [process.executable, exe], User: user.name}}\n');
    expect(matches(rules, { exe: 'a\\cmd.exe', 'user.name': 'bob' })).toBe(true);
    expect(matches(rules, { process: { executable: 'a\\cmd.exe' }, 'user.name': 'bob' })).toBe(true);
    expect(matches(rules, { Image: 'a\\cmd.exe', User: 'bob' })).toBe(false);
    expect(rules.detections[0]?.fields).toEqual(['process.executable', 'exe']);
  });

  it('rename in field references', () => {
    const rules = load('- {type: field_name_prefix, prefix: "win."}\n', one('{a|fieldref: b}'));
    expect(matches(rules, { 'win.a': 'x', 'win.b': 'x' })).toBe(true);
  });

  it('honour field name conditions with expressions', () => {
    const rules = load(
      '- type: field_name_suffix\n  suffix: _x\n  field_name_conditions:\n    a: {type: include_fields, fields: [User]}\n    b: {type: include_fields, fields: ["^Im"], mode: re}\n  field_name_cond_expr: a and not b\n',
    );
    expect(matches(rules, { Image: 'a\\cmd.exe', User_x: 'bob' })).toBe(true);
  });

  it('rename in correlations', () => {
    const text = `${RULE}---\ntitle: C\ncorrelation:\n  type: value_count\n  rules: [R]\n  group-by: [User, ip]\n  timespan: 1m\n  aliases: {ip: {R: Image}}\n  condition: {field: CommandLine, gte: 2}\n`;
    const rules = load('- {type: field_name_prefix, prefix: "w."}\n', text);
    expect(rules.correlations[0]).toMatchObject({
      groupBy: [{ name: 'w.User' }, { name: 'ip', fieldOf: { R: 'w.Image' } }],
      condition: { fields: [{ name: 'w.CommandLine' }] },
    });
  });
});

describe('value transformations', () => {
  it.each([
    ['{type: replace_string, regex: "^C:", replacement: "D:"}', "{f: 'C:/x'}", { f: 'D:/x' }],
    [
      '{type: replace_string, regex: "(a)(b)", replacement: "\\\\2\\\\1", skip_special: true}',
      "{f: 'ab*'}",
      { f: 'baz' },
    ],
    ['{type: map_string, mapping: {a: [b, c]}}', '{f: a}', { f: 'c' }],
    ['{type: regex, method: ignore_case_flag}', "{f: 'a*.b'}", { f: 'AXX.B' }],
    ['{type: set_value, value: 7}', '{f: a}', { f: 7 }],
    ['{type: convert_type, target_type: num}', "{f: '10'}", { f: '10.0' }],
    ['{type: case, method: upper}', '{f|cased: ab}', { f: 'AB' }],
    [
      '{type: hashes_fields, valid_hash_algos: [MD5, SHA1], field_prefix: File}',
      "{Hashes|contains: 'MD5=abc'}",
      { FileMD5: 'abc' },
    ],
    ['{type: extract_fields, regex: "(?<dir>.*)/(?<name>[^/]+)$"}', "{path: '/tmp/x'}", { dir: '/tmp', name: 'x' }],
    ['{type: wildcard_placeholders}', "{f|expand: 'a%x%'}", { f: 'abc' }],
  ])('%s', (item, detection, event) => {
    const rules = load(`- ${item}\n`, one(detection));
    expect(matches(rules, event)).toBe(true);
    expect(matches(rules, { f: 'none of it', Hashes: 'none' })).toBe(false);
  });

  it.each([
    ['{path: v.txt}', 'alpha\n\n  beta \r\n', ['alpha', 'beta']],
    ['{path: v.txt, filter: "^b"}', 'alpha\nbeta\n', ['beta']],
    ['{path: v.csv, format: csv, csv_column: name}', 'id,name\n1,"al,""pha"""\n2,beta\n', ['al,"pha"', 'beta']],
    ['{path: v.csv, format: csv, csv_column: 0, csv_has_header: false}', 'alpha,1\nbeta,2\n', ['alpha', 'beta']],
    [
      '{path: v.json, format: json, jq_expression: ".hosts[].name"}',
      '{"hosts":[{"name":"alpha"},{"name":7}]}',
      ['alpha', '7'],
    ],
    ['{path: v.yml, format: yaml, jq_expression: ".[1]"}', '- alpha\n- beta\n', ['beta']],
  ])('take values from a file: %s', (parameters, text, values) => {
    const item = `- ${parameters.replace('{', '{type: file_placeholders, ')}\n`;
    const rules = load(item, one("{h|expand: '%hosts%'}"), { [/path: ([^,}]+)/.exec(parameters)?.[1] ?? '']: text });
    for (const value of values) expect(matches(rules, { h: value })).toBe(true);
    expect(matches(rules, { h: '' })).toBe(false);
  });

  it.each([
    ['{path: nowhere.txt}', 'file "nowhere.txt" cannot be read'],
    ['{path: v, format: xml}', 'format "xml" is none of'],
    ['{path: v, format: csv}', 'csv_column is missing'],
    ['{path: v, format: csv, csv_column: c}', 'the file has no column "c"'],
    ['{path: v, format: json, jq_expression: .a}', 'the file is no JSON'],
    ['{path: v, format: yaml, jq_expression: ".a | select(.b)"}', 'is more than a path'],
    ['{path: v, format: yaml, jq_expression: .}', 'leads to lists or maps'],
    ['{format: plaintext}', 'path is missing'],
  ])('refuse %s', (parameters, message) => {
    const item = `- ${parameters.replace('{', '{type: file_placeholders, ')}\n`;
    expect(errors(load(item, one("{h|expand: '%hosts%'}"), { v: 'a: [1, 2]' }))[0]).toContain(message);
  });

  it('fill placeholders from vars and files', () => {
    const text =
      "name: p\nvars: {admins: [root, 'adm*']}\ntransformations:\n- {type: value_placeholders, include: [admins]}\n- {type: file_placeholders, path: lists/hosts.txt}\n";
    const rule = one("{u|expand: '%admins%', h|expand: '%hosts%'}");
    const rules = loadSigma([{ path: 'r.yml', text: rule }], {
      regexProblem,
      pipelines: [{ path: 'p.yml', text }],
      readFile: (path) => (path === 'lists/hosts.txt' ? 'alpha\n\n beta \n' : undefined),
    });
    expect(matches(rules, { u: 'admin', h: 'beta' })).toBe(true);
    expect(matches(rules, { u: 'bob', h: 'beta' })).toBe(false);
  });
});

describe('rule transformations', () => {
  it('add conditions, with the log source filled in', () => {
    const rules = load('- type: add_condition\n  template: true\n  conditions: {index: "logs-$product"}\n');
    expect(
      matches(rules, { CommandLine: 'x', Hashes: 'MD5=0123456789abcdef0123456789abcdef', index: 'logs-windows' }),
    ).toBe(true);
    expect(matches(rules, { CommandLine: 'x', Hashes: 'MD5=0123456789abcdef0123456789abcdef' })).toBe(false);
  });

  it('drop detection items, and definitions that become empty', () => {
    const drop =
      '- type: drop_detection_item\n  field_name_conditions: [{type: include_fields, fields: [CommandLine, Hashes]}]\n';
    const rules = load(drop);
    expect(matches(rules, { Image: 'x\\cmd.exe', User: 'bob' })).toBe(true);
    expect(matches(rules, { CommandLine: 'x' })).toBe(false);
  });

  it('change the log source, fields and state; later items see the state', () => {
    const rules = load(
      '- {type: set_state, key: env, val: lab}\n' +
        '- {type: change_logsource, product: linux, rule_conditions: [{type: processing_state, key: env, val: lab}]}\n' +
        '- {type: add_field, field: Extra}\n',
    );
    expect(errors(rules)).toEqual([]);
    expect(rules.detections[0]).toMatchObject({ logsource: { product: 'linux' }, fields: ['Image', 'Extra'] });
  });

  it.each([
    ['{type: logsource, product: windows}', true],
    ['{type: logsource, product: linux}', false],
    ['{type: contains_field, field: User}', true],
    ['{type: contains_detection_item, field: User, value: bob}', true],
    ['{type: contains_detection_item, field: User, value: eve}', false],
    ['{type: tag, tag: attack.t1059}', true],
    ['{type: rule_attribute, attribute: level, value: medium, op: gte}', true],
    ['{type: rule_attribute, attribute: status, value: stable, op: gte}', false],
    ['{type: is_sigma_correlation_rule}', false],
    ['{type: processing_item_applied, processing_item_id: nothing}', false],
  ])('rule condition %s is %s', (condition, expected) => {
    const rules = load(`- {type: rule_failure, message: not here, rule_conditions: [${condition}]}\n`);
    expect(errors(rules)).toEqual(expected ? ['rule "R" is refused: not here'] : []);
  });

  it('refuse rules with unmapped fields', () => {
    const strict =
      '- {type: field_name_mapping, mapping: {Image: i, CommandLine: c, Hashes: h}}\n- {type: strict_field_mapping_failure}\n';
    expect(errors(load(strict))).toEqual(['rule "R" is refused: field "User" has no mapping']);
  });

  it('nest items under one condition', () => {
    const nest =
      '- type: nest\n  rule_conditions: [{type: logsource, product: windows}]\n  items:\n  - {type: field_name_mapping, mapping: {User: u}}\n';
    expect(matches(load(nest), { Image: 'a\\cmd.exe', u: 'bob' })).toBe(true);
  });
});

describe('pipeline files', () => {
  it.each([
    [
      '- {type: field_name_maping, mapping: {}}',
      'transformation "field_name_maping" is not known; did you mean "field_name_mapping"?',
    ],
    ['- {type: command_placeholders}', 'running commands while rules load is not supported'],
    ['- {type: field_name_prefix, prefix: x, prefx: y}', '"prefx" is not known here'],
    ['- {type: field_name_prefix, prefix: x, rule_conditions: [{type: logsorce}]}', 'did you mean "logsource"?'],
    ['- {type: replace_string, regex: "(", replacement: x}', 'is no regular expression'],
  ])('%s is refused', (item, message) => {
    const rules = load(`${item}\n`);
    expect(errors(rules).join('\n')).toContain(message);
    expect(rules.diagnostics.find(({ severity }) => severity === 'error')?.span?.line).toBeGreaterThan(3);
  });

  it('run in the order of their priorities', () => {
    const pipeline = (priority: number, from: string, to: string): { path: string; text: string } => ({
      path: `${priority}.yml`,
      text: `name: p\npriority: ${priority}\ntransformations:\n- {type: field_name_mapping, mapping: {${from}: ${to}}}\n`,
    });
    const rules = loadSigma([{ path: 'r.yml', text: one('{a: x}') }], {
      regexProblem,
      pipelines: [pipeline(20, 'b', 'c'), pipeline(10, 'a', 'b')],
    });
    expect(matches(rules, { c: 'x' })).toBe(true);
  });
});

describe('conditions that contradict themselves', () => {
  const item = (more: string): string =>
    `- type: field_name_suffix\n  suffix: _x\n  rule_conditions:\n    a: {type: logsource, product: windows}\n    b: {type: tag, tag: attack.t1059}\n${more}`;

  it.each([
    ['  rule_cond_expr: a and b\n  rule_cond_op: or\n', 'rule_cond_op has no place beside it'],
    ['  rule_cond_expr: a\n', 'condition "b" is not used'],
    ['  rule_cond_expr: a and b and c\n', 'condition "c" is not defined'],
  ])('%j', (more, message) => {
    expect(errors(load(item(more)))[0]).toContain(message);
  });

  it('placeholders that are both included and excluded', () => {
    expect(errors(load('- {type: wildcard_placeholders, include: [a], exclude: [b]}\n'))).toEqual([
      'include and exclude cannot both be given',
    ]);
  });
});
