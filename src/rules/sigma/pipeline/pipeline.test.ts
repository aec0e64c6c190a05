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
falsepositives: [Tests]
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
    // As pySigma 1.5.1 does, read in its source and compared rule by rule.
    ['{type: regex}', "{f|cased: 'aB*'}", { f: 'AbX' }],
    ['{type: set_value, value: "a*", force_type: str}', '{f: q}', { f: 'abc' }],
    ['{type: case, method: snake_case}', "{f|cased: 'IPAddress'}", { f: 'i_p_address' }],
    ['{type: replace_string, regex: "^(?P<d>[A-Z]):", replacement: "/\\\\g<d>"}', "{f: 'C:\\x'}", { f: '/C\\x' }],
    ['{type: replace_string, regex: "x", replacement: "y"}', "{f: 'C:\\\\x\\\\*'}", { f: 'C:\\y\\zz' }],
    ['{type: replace_string, regex: "\\\\\\\\", replacement: "/"}', "{f: '\\\\\\\\srv\\x'}", { f: '//srv/x' }],
    ['{type: replace_string, regex: "a", replacement: "b*"}', "{f: 'xa'}", { f: 'xbz' }],
    // As pySigma 2.0.1 does: a backslash before a wildcard is one backslash, whether it is replaced or not.
    ['{type: replace_string, regex: "\\\\\\\\", replacement: "/"}', "{'f|contains': '\\Temp\\'}", { f: 'c:/temp/x' }],
    ['{type: replace_string, regex: "\\\\\\\\", replacement: "/"}', "{f: 'C:\\a\\\\*\\b'}", { f: 'c:/a/zz/b' }],
    ['{type: replace_string, regex: "Win", replacement: "W"}', "{f: '?:\\Win\\\\?x\\*'}", { f: 'c:\\w\\zx*' }],
    ['{type: replace_string, regex: "$", replacement: "/"}', "{f: 'a*'}", { f: 'abc/' }],
    ['{type: hashes_fields, valid_hash_algos: [MD5], field_to_parse: [h]}', "{h: '*MD5|abc'}", { MD5: 'abc' }],
    [
      '{type: extract_fields, regex: "(?P<type>[A-Za-z]+):(?P<v>[0-9]+)", field_prefix: reg}',
      "{f: 'Dword:12'}",
      { 'reg.type': 'dword', reg: { v: 12 } },
    ],
    ['{type: extract_fields, regex: "(?P<k>[a-z]+)=(?P<v>.*)"}', "{f: 'x=null'}", { k: 'x' }],
    ['{type: field_name_mapping, mapping: {null: [message, log]}}', "['foo']", { log: 'a FOO b' }],
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
    ['{type: processing_state, key: nothing, val: x, op: ne}', false],
    ['{type: rule_attribute, attribute: fields, value: Image, op: in}', true],
    ['{type: rule_attribute, attribute: fields, value: Image, op: not_in}', false],
    ['{type: rule_attribute, attribute: fields, value: Image}', false],
    ['{type: rule_attribute, attribute: falsepositives, value: Tests, op: in}', true],
    ['{type: rule_attribute, attribute: unheard_of, value: x, op: ne}', false],
    ['{type: contains_detection_item, field: User, value: BOB}', false],
  ])('rule condition %s is %s', (condition, expected) => {
    const rules = load(`- {type: rule_failure, message: not here, rule_conditions: [${condition}]}\n`);
    expect(errors(rules)).toEqual(expected ? ['rule "R" is refused: not here'] : []);
  });

  it('refuse rules with unmapped fields', () => {
    const strict =
      '- {type: field_name_mapping, mapping: {Image: i, CommandLine: c, Hashes: h}}\n- {type: strict_field_mapping_failure}\n';
    expect(errors(load(strict))).toEqual(['rule "R" is refused: field "User" has no mapping']);
  });

  it('take a renamed field for mapped, and one with another value not', () => {
    const items =
      '- {type: field_name_mapping, mapping: {a: a}}\n- {type: case, method: upper}\n- {type: strict_field_mapping_failure}\n';
    expect(errors(load(items, one('{a: x}')))).toEqual([]);
    expect(errors(load(items, one('{b: x}')))).toEqual(['rule "R" is refused: field "b" has no mapping']);
  });

  it('add conditions whose fields have modifiers', () => {
    const rules = load('- {type: add_condition, conditions: {"p|startswith": /x, n|gte: 5}}\n', one('{a: x}'));
    expect(matches(rules, { a: 'x', p: '/xy', n: 6 })).toBe(true);
    expect(matches(rules, { a: 'x', p: '/y', n: 6 })).toBe(false);
    expect(errors(load('- {type: add_condition, conditions: {"p|startwith": /x}}\n'))[0]).toContain('"startswith"');
  });

  it('refuse what cannot be done to the values of a rule', () => {
    const number = load('- {type: convert_type, target_type: num}\n', one('{f: x1}'));
    expect(errors(number)).toEqual(['rule "R" is refused: value "x1" is no number']);
    const hash = load('- {type: hashes_fields, valid_hash_algos: [MD5]}\n', one('{Hashes: SHA9=1}'));
    expect(errors(hash)).toEqual(['rule "R" is refused: no hash of MD5 in "Hashes"']);
  });

  it('refuse correlations, and group them by all names of a field', () => {
    const text = `${RULE}---\ntitle: C\ncorrelation:\n  type: value_count\n  rules: [R]\n  group-by: [User]\n  timespan: 1m\n  condition: {field: v, gte: 2}\n`;
    const refused = load(
      '- {type: rule_failure, message: no windows, rule_conditions: [{type: is_sigma_correlation_rule}]}\n',
      text,
    );
    expect(errors(refused)).toEqual(['rule "C" is refused: no windows']);
    const mapped = load('- {type: field_name_mapping, mapping: {User: [u, v]}}\n', text);
    expect(mapped.correlations[0]?.groupBy.map(({ name }) => name)).toEqual(['u', 'v']);
    const several = load('- {type: field_name_mapping, mapping: {v: [a, b]}}\n', text);
    expect(errors(several)[0]).toContain('"v" has several names');
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
    ['- {type: extract_fields, regex: "(a)"}', 'regex has no named group'],
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
