import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { evaluate } from '../../match/interpreter.ts';
import { regexProblem } from '../../match/regex.ts';
import { eventSubject } from '../../match/subject.ts';
import type { SigmaOptions, SigmaRules } from './load.ts';
import { loadSigma } from './load.ts';

const RULE = (name: string, detection: string, source = 'category: test'): string =>
  `title: ${name}\nname: ${name}\nlogsource: {${source}}\ndetection:\n  ${detection}\n`;
const A = RULE('A', 'sel: {a: 1}\n  condition: sel');
const B = RULE('B', 'sel: {b: 1}\n  condition: sel');
const C = RULE('C', 'sel: {c: 1}\n  condition: sel');

function load(...documents: string[]): SigmaRules {
  return loadWith({}, ...documents);
}

function loadWith(options: Partial<SigmaOptions>, ...documents: string[]): SigmaRules {
  return loadSigma([{ path: 'rules/a.yml', text: documents.join('---\n') }], { regexProblem, ...options });
}

function errors(rules: SigmaRules): string[] {
  return rules.diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
}

function matching(rules: SigmaRules, event: EventObject): string[] {
  return rules.detections
    .filter(({ predicate }) => evaluate(predicate, eventSubject(event)))
    .map(({ details }) => details.name);
}

describe('documents', () => {
  it('keeps the other rules when one is wrong', () => {
    const rules = load(A, 'title: x\nlogsource: {category: test}\ndetection: {condition: sel}\n', B);
    expect(rules.detections.map(({ details }) => details.name)).toEqual(['A', 'B']);
    expect(errors(rules)).toEqual(['search identifier "sel" is not defined']);
  });

  it('keeps the other documents of a file when one is broken YAML', () => {
    const rules = load(A, 'title: [x\nlogsource: }\n', B);
    expect(rules.detections.map(({ details }) => details.name)).toEqual(['A', 'B']);
    expect(rules.diagnostics[0]).toMatchObject({ code: 'SIGMA_BAD_YAML', span: { file: 'rules/a.yml', line: 9 } });
  });

  it('refuses a key that stands twice in one selection', () => {
    const rules = load(RULE('X', 'sel:\n    a: 1\n    a: 2\n  condition: sel'));
    expect(rules.detections).toEqual([]);
    expect(errors(rules)[0]).toContain('no valid YAML');
  });

  it('merges a global template into the rules after it until reset', () => {
    const rules = load(
      'action: global\ntitle: T\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {product: windows}\ndetection: {condition: sel}\n',
      'detection: {sel: {a: 1}}\nlogsource: {category: x}\n',
      'detection: {sel: {b: 1}}\n',
      'action: reset\n',
      C,
    );
    expect(errors(rules)).toEqual([]);
    expect(rules.detections.map(({ details, logsource }) => [details.name, logsource])).toEqual([
      ['T', { category: 'x', product: 'windows' }],
      ['T', { product: 'windows' }],
      ['C', { category: 'test' }],
    ]);
    expect(new Set(rules.detections.map(({ details }) => details.id)).size).toBe(3);
  });

  it('repeats the previous rule with changes', () => {
    const rules = load(A, 'action: repeat\nname: A2\ntitle: A2\ndetection: {sel: {a: 2}}\n');
    expect(errors(rules)).toEqual([]);
    expect(matching(rules, { a: 2 })).toEqual(['A2']);
  });

  it('keeps integers with leading zeros as text', () => {
    const rules = load(RULE('Z', 'sel: {f|contains: [00000429, 00050429]}\n  condition: sel'));
    expect(errors(rules)).toEqual([]);
    expect(matching(rules, { f: 'x00000429' })).toEqual(['Z']);
    expect(matching(rules, { f: 'x429' })).toEqual([]);
  });

  it('refuses a second rule with the same id', () => {
    expect(errors(load(A, A))).toEqual(['name "A" is taken by a rule of rules/a.yml']);
  });
});

describe('diagnostics', () => {
  it('name file, line, column, source line and the nearest modifier', () => {
    const [first] = load(RULE('X', 'sel:\n    CommandLine|containz: x\n  condition: sel')).diagnostics;
    expect(first).toMatchObject({
      code: 'SIGMA_UNKNOWN_MODIFIER',
      message: 'unknown modifier "containz" in "CommandLine|containz"; did you mean "contains"?',
      span: { file: 'rules/a.yml', line: 6, column: 5, sourceLine: '    CommandLine|containz: x' },
    });
  });

  it('point into the condition', () => {
    const [first] = load(RULE('X', 'sel: {a: 1}\n  condition: sel and selection')).diagnostics;
    expect(first).toMatchObject({
      message: 'search identifier "selection" is not defined',
      span: { line: 6, column: 22, length: 9 },
    });
  });

  it.each([
    ['a(?=b)', 'look-ahead'],
    ['(?<!a)b', 'look-behind'],
    ['(a)\\1', 'back-reference'],
    ['a++', 'possessive'],
    ['(?>a)', 'atomic'],
  ])('refuse %s by name', (source, name) => {
    const rules = load(RULE('X', `sel:\n    f|re: '${source}'\n  condition: sel`));
    expect(rules.detections).toEqual([]);
    expect(errors(rules)[0]).toContain(name);
  });

  it('warn of identifiers that are never used', () => {
    const [first] = load(RULE('X', 'sel: {a: 1}\n  other: {b: 1}\n  condition: sel')).diagnostics;
    expect(first).toMatchObject({ code: 'SIGMA_UNUSED_IDENTIFIER', severity: 'warning' });
  });
});

describe('what is said of a mistake', () => {
  const found = (rules: SigmaRules): string[] => rules.diagnostics.map(({ message, hint }) => `${message} -> ${hint}`);

  it('is only the mistake, not what would follow from it', () => {
    for (const condition of ['sel and (other', 'selection', '2 of them', 'sel | min(x) > 5'])
      expect(load(RULE('X', `sel: {a: 1}\n  timeframe: 5m\n  condition: ${condition}`)).diagnostics).toHaveLength(1);
  });

  it.each([
    ['f|contains: 5', "write it in quotes: '5'"],
    ["'f|gt': '5'", 'write it without quotes: 5'],
    ["f|exists: 'true'", 'write it without quotes: true'],
    ['f|hour: 25', 'write a whole number from 0 to 23'],
    ['f|contains|all: x', 'give a list of values, or leave "all" out'],
  ])('%s says how it is written', (item, hint) => {
    expect(found(load(RULE('X', `sel: {${item}}\n  condition: sel`)))[0]).toContain(`-> ${hint}`);
  });

  it('names keys of the older form of correlations that are nearly right', () => {
    const older = (more: string): string =>
      `action: correlation\ntitle: O\ntype: temporal\nrules: [A, B]\ntimespan: 5m\n${more}\n`;
    expect(errors(load(older('group_by: [u]'), A, B))[0]).toContain('did you mean "group-by"?');
    expect(errors(load(older('ordered: maybe'), A, B))).toEqual(['ordered "maybe" is no boolean']);
    expect(errors(load(older('ordered: true\ngroup-by: [u]'), A, B))).toEqual([]);
  });

  it('names a bracket of an array selector that is not closed', () => {
    const rules = load(`sigma-version: 3\n${RULE('V3', 'sel: {"f[any": x}\n  condition: sel')}`);
    expect(errors(rules)).toEqual(['the bracket of an array selector in "f[any" is not closed']);
  });
});

describe('placeholders', () => {
  const rule = RULE('P', "sel: {f|expand: '%Admins%', g|expand|contains: 'x%a%y%b%'}\n  condition: sel");

  it('are filled from configuration, several give the cross product', () => {
    const placeholders = new Map<string, readonly (string | number)[]>([
      ['admins', ['root', 'adm*']],
      ['a', ['1', '2']],
      ['b', [3]],
    ]);
    const rules = loadWith({ placeholders }, rule);
    expect(errors(rules)).toEqual([]);
    expect(matching(rules, { f: 'admin', g: '-x2y3-' })).toEqual(['P']);
    expect(matching(rules, { f: 'admin', g: '-x3y3-' })).toEqual([]);
  });

  it('without values make the rule refused', () => {
    expect(errors(load(rule))).toEqual(['placeholder "%Admins%", "%a%", "%b%" has no values']);
  });
});

describe('array selectors of sigma-version 3', () => {
  const detection = 'sel:\n    items[any]: {name: x, size|gt: 5}\n    tags[-1]: last\n  condition: sel';

  it('test one element at a time', () => {
    const rules = load(`sigma-version: 3\n${RULE('V3', detection)}`);
    expect(errors(rules)).toEqual([]);
    expect(matching(rules, { items: [{ name: 'x', size: 6 }], tags: ['a', 'last'] })).toEqual(['V3']);
    expect(
      matching(rules, {
        items: [
          { name: 'x', size: 1 },
          { name: 'y', size: 9 },
        ],
        tags: ['last'],
      }),
    ).toEqual([]);
  });

  it('are part of the name below version 3', () => {
    const rules = load(RULE('V2', 'sel: {"f[0]": x}\n  condition: sel'));
    expect(matching(rules, { 'f[0]': 'x' })).toEqual(['V2']);
  });
});

describe('correlations', () => {
  const correlation = (name: string, body: string): string =>
    `title: ${name}\nname: ${name}\ncorrelation:\n  ${body}\n`;

  it('are plain data with references resolved, by id and by name to one rule (K39)', () => {
    const id = '22222222-2222-4222-8222-222222222222';
    const rules = load(`id: ${id}\n${A}`, correlation('X', `type: temporal\n  rules: [A, ${id}]\n  timespan: 5M`));
    expect(errors(rules)).toEqual([]);
    expect(rules.correlations[0]).toMatchObject({
      type: 'temporal',
      rules: [id],
      groupBy: [],
      timespanMs: 5 * 2_629_746_000,
      condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 1 }], fields: [] },
      generate: false,
      alerts: true,
    });
  });

  it('resolve aliases to a field per rule (K34)', () => {
    const body =
      'type: temporal\n  rules: [A, B]\n  group-by: [ip, u]\n  timespan: 1m\n  aliases: {ip: {A: src, B: dst}}';
    expect(load(A, B, correlation('X', body)).correlations[0]?.groupBy).toEqual([
      { name: 'ip', fieldOf: { A: 'src', B: 'dst' } },
      { name: 'u', fieldOf: {} },
    ]);
  });

  it('read ranges and text conditions', () => {
    const range = correlation('X', 'type: event_count\n  rules: A\n  timespan: 1h\n  condition: {gt: 1, lte: 3}');
    expect(load(A, range).correlations[0]?.condition).toMatchObject({
      bounds: [
        { operator: 'gt', value: 1 },
        { operator: 'lte', value: 3 },
      ],
    });
    const text = correlation('Y', 'type: temporal\n  timespan: 1h\n  condition: A and not (B or C)');
    expect(load(A, B, C, text).correlations[0]).toMatchObject({
      rules: ['A', 'B', 'C'],
      condition: {
        kind: 'expression',
        root: {
          kind: 'and',
          items: [
            { kind: 'rule', id: 'A' },
            { kind: 'not', item: { kind: 'or' } },
          ],
        },
      },
    });
  });

  it.each([
    [
      'K26',
      'type: temporal\n  rules: [A, B, C]\n  timespan: 1m\n  condition: A or B',
      'rules name "C", the condition does not',
    ],
    ['K32', 'type: value_count\n  rules: [A]\n  timespan: 1m\n  condition: {gte: 2}', 'value_count needs a field'],
    ['K33', 'type: event_count\n  rules: [A]\n  timespan: 1m', 'event_count needs a condition'],
    ['K40', 'type: event_count\n  rules: [Q]\n  timespan: 1m\n  condition: {gte: 2}', 'rule "Q" is not loaded'],
    ['K42', 'type: event_count\n  rules: [A]\n  timespan: 1.5h\n  condition: {gte: 2}', '"1.5h" is no time span'],
    ['K42b', 'type: event_count\n  rules: [A]\n  timespan: 10\n  condition: {gte: 2}', '"10" is no time span'],
    [
      'group_by',
      'type: event_count\n  rules: [A]\n  group_by: x\n  timespan: 1m\n  condition: {gte: 2}',
      'did you mean "group-by"?',
    ],
    ['type', 'type: event_cuont\n  rules: [A]\n  timespan: 1m\n  condition: {gte: 2}', 'did you mean "event_count"?'],
    [
      'percentile',
      'type: value_percentile\n  rules: [A]\n  timespan: 1m\n  condition: {field: n, gte: 2}',
      'needs "percentile"',
    ],
  ])('refuse %s', (_name, body, message) => {
    const rules = load(A, B, C, correlation('X', body));
    expect(rules.correlations).toEqual([]);
    expect(errors(rules).join('\n')).toContain(message);
  });

  it('refuse a cycle (K43) and keep the rest', () => {
    const count = (name: string, of: string): string =>
      correlation(name, `type: event_count\n  rules: [${of}]\n  timespan: 1m\n  condition: {gte: 2}`);
    const rules = load(A, count('X', 'Y'), count('Y', 'X'), count('Z', 'A'));
    expect(rules.correlations.map(({ details }) => details.id)).toEqual(['Z']);
    expect(errors(rules)).toHaveLength(2);
  });

  it('silence the rules they watch unless one of them generates (K37, K38)', () => {
    const count = (name: string, generate: boolean): string =>
      correlation(
        name,
        `type: event_count\n  rules: [A]\n  timespan: 1m\n  condition: {gte: 2}\n  generate: ${generate}`,
      );
    expect(load(A, count('X', false)).detections[0]?.alerts).toBe(false);
    expect(load(A, count('X', false), count('Y', true)).detections[0]?.alerts).toBe(true);
    expect(load(A).detections[0]?.alerts).toBe(true);
  });

  it('load from the older form with "action: correlation"', () => {
    const older =
      'title: Recon\nname: recon\naction: correlation\ntype: temporal\nrules:\n  - A\n  - B\n  - C\ngroup-by:\n  - ComputerName\n  - User\ntimespan: 5m\nordered: true\n';
    const rules = load(A, B, C, older);
    expect(errors(rules)).toEqual([]);
    expect(rules.diagnostics).toMatchObject([{ code: 'SIGMA_LEGACY', severity: 'note' }]);
    expect(rules.correlations[0]).toMatchObject({
      type: 'temporal_ordered',
      rules: ['A', 'B', 'C'],
      groupBy: [{ name: 'ComputerName' }, { name: 'User' }],
      timespanMs: 300_000,
    });
    expect(load(A, B, C, older.replace('ordered: true\n', '')).correlations[0]?.type).toBe('temporal');
  });
});

describe('legacy aggregations', () => {
  it('become a silent rule and a correlation', () => {
    const rules = load(RULE('L', 'sel: {a: 1}\n  timeframe: 30m\n  condition: sel | count(h) by u, v > 5'));
    expect(errors(rules)).toEqual([]);
    expect(rules.detections).toMatchObject([{ details: { id: 'L#search' }, alerts: false }]);
    expect(rules.correlations).toMatchObject([
      {
        details: { id: 'L' },
        type: 'value_count',
        rules: ['L#search'],
        groupBy: [{ name: 'u' }, { name: 'v' }],
        timespanMs: 1_800_000,
        condition: { bounds: [{ operator: 'gt', value: 5 }], fields: [{ name: 'h' }] },
      },
    ]);
  });

  it('near becomes a temporal correlation with a text condition', () => {
    const detection = 'a: {a: 1}\n  b: {b: 1}\n  c: {c: 1}\n  timeframe: 1m\n  condition: a | near b and not c';
    const rules = load(RULE('N', detection));
    expect(errors(rules)).toEqual([]);
    expect(rules.detections.map(({ details }) => details.id)).toEqual(['N#search', 'N#b', 'N#c']);
    expect(rules.correlations[0]).toMatchObject({ type: 'temporal', condition: { kind: 'expression' } });
  });
});

describe('text conditions of temporal_ordered', () => {
  const letters = Array.from({ length: 14 }, (_none, i) => `R${i}`);
  const rules = letters.map((name) => RULE(name, 'sel: {a: 1}\n  condition: sel'));
  const pairs = letters.flatMap((name, i) => (i % 2 === 0 ? [`(${name} or ${letters[i + 1]})`] : []));
  const text = (type: string, count: number): string => {
    const condition = pairs.slice(0, count).join(' and ');
    return `title: T\ncorrelation:\n  type: ${type}\n  timespan: 1h\n  condition: ${condition}\n`;
  };

  it('are refused with more alternatives than are followed', () => {
    expect(errors(load(...rules, text('temporal_ordered', 6)))).toEqual([]);
    expect(errors(load(...rules, text('temporal_ordered', 7)))).toEqual([
      'condition has more than 64 alternatives, each with an order of its own',
    ]);
    expect(errors(load(...rules, text('temporal', 7)))).toEqual([]);
  });

  it('take those that watch them along', () => {
    const outer = 'title: O\ncorrelation:\n  type: event_count\n  rules: [T]\n  timespan: 1h\n  condition: {gte: 2}\n';
    const loaded = load(...rules, text('temporal_ordered', 7).replace('title: T', 'title: T\nname: T'), outer);
    expect(loaded.correlations).toEqual([]);
    expect(errors(loaded)).toHaveLength(2);
  });
});

describe('filters', () => {
  const ID = 'logsource: {category: test}';
  const filter = (body: string, source = ID): string => `title: F\n${source}\nfilter:\n  ${body}\n`;
  const one = (body: string, event: EventObject, rule = A): string[] => matching(load(rule, filter(body)), event);

  it('F1, F2: exclude what "not selection" names', () => {
    const body = 'rules: [A]\n  selection: {u: adm*}\n  condition: not selection';
    expect(one(body, { a: 1, u: 'adm_x' })).toEqual([]);
    expect(one(body, { a: 1, u: 'bob' })).toEqual(['A']);
  });

  it('F3: narrow with "selection", and a warning says so', () => {
    const body = 'rules: [A]\n  selection: {u: adm*}\n  condition: selection';
    expect(one(body, { a: 1, u: 'bob' })).toEqual([]);
    expect(load(A, filter(body)).diagnostics).toMatchObject([{ code: 'SIGMA_QUESTIONABLE', severity: 'warning' }]);
  });

  it('F4 to F6: apply only where their log source covers the rule', () => {
    const body = (rules: string): string => `rules: ${rules}\n  selection: {u: x}\n  condition: not selection`;
    const rule = (source: string): string => RULE('R', 'sel: {a: 1}\n  condition: sel', source);
    const result = (rules: string, source: string, ruleSource: string): string[] =>
      matching(load(rule(ruleSource), filter(body(rules), `logsource: {${source}}`)), { a: 1, u: 'x' });
    expect(result('[R]', 'product: windows', 'product: linux')).toEqual(['R']);
    expect(result('any', 'product: windows', 'product: windows, category: process_creation')).toEqual([]);
    expect(result('any', 'category: process_creation', 'product: windows')).toEqual(['R']);
  });

  it('F7: selectors of the rule never see identifiers of the filter', () => {
    const rule = RULE('R', 'selection_a: {a: 1}\n  condition: 1 of selection_*');
    const body = 'rules: [R]\n  selection_x: {x: 1}\n  condition: not selection_x';
    expect(one(body, { x: 1 }, rule)).toEqual([]);
    expect(one(body, { a: 1 }, rule)).toEqual(['R']);
  });

  it('F8, F9: "not 1 of them", and several filters on one rule', () => {
    const body = 'rules: [A]\n  s1: {u: x}\n  s2: {u: y}\n  condition: not 1 of them';
    expect(one(body, { a: 1, u: 'y' })).toEqual([]);
    const two = load(
      A,
      filter(body),
      filter('rules: [A]\n  s: {v: z}\n  condition: not s').replace('title: F', 'title: G'),
    );
    expect(matching(two, { a: 1, v: 'z' })).toEqual([]);
    expect(matching(two, { a: 1, v: 'q' })).toEqual(['A']);
  });

  it('warn when they apply to no rule', () => {
    const rules = load(A, filter('rules: [nobody]\n  s: {v: z}\n  condition: not s'));
    expect(rules.diagnostics).toMatchObject([{ code: 'SIGMA_UNKNOWN_RULE', severity: 'warning' }]);
  });
});

describe('search identifiers as rules of their own', () => {
  const two = RULE('Two', 'one: {a: 1}\n  two: {b: 1}\n  condition: one and two');

  it.each(['Two', 'a'])('are given for the rule named %s, by title or by file', (name) => {
    const rules = loadWith({ identifiersOf: new Set([name]) }, two);
    expect(rules.detections.length).toBe(1);
    expect(rules.identifiers.map(({ identifier, rule }) => [identifier, rule.details.id, rule.alerts])).toEqual([
      ['one', 'Two#one', false],
      ['two', 'Two#two', false],
    ]);
    const held = rules.identifiers.filter(({ rule }) => evaluate(rule.predicate, eventSubject({ b: 1 })));
    expect(held.map(({ identifier, of }) => [identifier, of.includes(name)])).toEqual([['two', true]]);
  });

  it('are not made for rules that nobody asks for', () => {
    expect(loadWith({ identifiersOf: new Set(['Other']) }, two).identifiers).toEqual([]);
  });
});

describe('a modifier that promises more than it does', () => {
  it('startswith after re gets a warning with what to write', () => {
    const rules = load(RULE('R', "sel: {f|re|startswith: 'b'}\n  condition: sel"));
    expect(rules.diagnostics).toMatchObject([
      { code: 'SIGMA_QUESTIONABLE', severity: 'warning', hint: 'write ^ in front of the expression' },
    ]);
    expect(rules.detections.length).toBe(1);
  });

  it.each([
    [3, []],
    [4, ['sigma-version 4 is not known: the rule is read as one of version 3']],
  ])('sigma-version %i', (version, messages) => {
    const rules = load(`sigma-version: ${version}\n${RULE('R', 'sel: {a: b}\n  condition: sel')}`);
    expect(rules.diagnostics.map(({ message }) => message)).toEqual(messages);
    expect(rules.detections.length).toBe(1);
  });

  it('a rule that stands twice in a correlation', () => {
    const twice = `title: T\ncorrelation: {type: temporal_ordered, rules: [A, B, A], timespan: 5m}\n`;
    expect(load(A, B, twice).diagnostics).toMatchObject([
      { code: 'SIGMA_QUESTIONABLE', severity: 'warning', message: '"A" stands twice in rules and counts once' },
    ]);
  });
});

describe('what the reference library reads as well', () => {
  it('maps merged by <<, where a key of its own wins', () => {
    const rules = load(RULE('R', 'a: &a {x: 1, y: 2}\n  b: {<<: *a, y: 3}\n  condition: b and not a'));
    expect([errors(rules), matching(rules, { x: 1, y: 3 }), matching(rules, { x: 1, y: 2 })]).toEqual([[], ['R'], []]);
  });
});

describe('a rule of another taxonomy', () => {
  const foreign = `${A}taxonomy: acme\n`;

  it('is refused where no pipeline changes it', () => {
    const rules = load(foreign, `${B}taxonomy: sigma\n`);
    expect(errors(rules)).toEqual(['no pipeline translates the taxonomy "acme"']);
    expect(rules.detections.map(({ details }) => details.name)).toEqual(['B']);
  });

  it('is taken as a pipeline translates it', () => {
    const pipeline = {
      path: 'p.yml',
      text: `name: p
priority: 10
transformations:
  - {id: n, type: field_name_mapping, mapping: {a: z}, rule_conditions: [{type: rule_attribute, attribute: taxonomy, value: acme}]}
`,
    };
    const rules = loadWith({ pipelines: [pipeline] }, foreign);
    expect([errors(rules), matching(rules, { z: 1 }), matching(rules, { a: 1 })]).toEqual([[], ['A'], []]);
  });
});
