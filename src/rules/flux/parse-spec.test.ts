import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderDiagnostic } from '../../errors/render.ts';
import { parseFluxSpec } from './parse-spec.ts';

const ORIGINAL = `rules:
  - rulename: rule1
    description: recon commands
    action: temporal
    ordered: false
    tags:
      - name: recon_cmd_a
      - name: recon_cmd_b
  - rulename: rule2
    action: temporal
    ordered: true
    groupby:
      - captured_folder_colname
      - user
    tags: [{name: a}, {name: b}]
  - rulename: rule3
    description: ""
    action: ancestor
    child: id
    parent: parent_id
    tags:
      - name: p
`;

function messages(text: string): string[] {
  return parseFluxSpec(text, 'flux.yml').diagnostics.map(
    ({ message, span }) => `${span?.line}:${span?.column} ${message}`,
  );
}

function rule(more: string): string {
  return `rules:\n  - rulename: r\n    action: temporal\n    tags: [{name: a}, {name: b.c}]\n${more}`;
}

describe('parseFluxSpec', () => {
  it('reads the shapes of the original unchanged', () => {
    const { spec, diagnostics } = parseFluxSpec(ORIGINAL, 'flux.yml');
    expect(diagnostics).toEqual([]);
    expect(spec.rules).toMatchObject([
      {
        name: 'rule1',
        action: 'temporal',
        ordered: false,
        tags: ['recon_cmd_a', 'recon_cmd_b'],
        groupBy: [],
        reset: false,
      },
      { name: 'rule2', ordered: true, groupBy: ['captured_folder_colname', 'user'] },
      { name: 'rule3', action: 'ancestor', child: 'id', parent: 'parent_id' },
    ]);
    expect(Object.isFrozen(spec.rules[0]?.tags)).toBe(true);
  });

  it.each([
    ['"true"', true],
    ['yes', true],
    ['On', true],
    ["'FALSE'", false],
    ['no', false],
    ['', false],
  ])('reads "ordered: %s" as others read it', (text, ordered) => {
    const { spec, diagnostics } = parseFluxSpec(rule(`    ordered: ${text}\n    description:\n    groupby:\n`), 'f');
    expect(diagnostics).toEqual([]);
    expect(spec.rules).toMatchObject([{ ordered, groupBy: [] }]);
    expect(Object.hasOwn(spec.rules[0] ?? {}, 'description')).toBe(false);
  });

  it('reads empty columns of parent and child as one memory of the group, which every event is told of', () => {
    const { spec, diagnostics } = parseFluxSpec(
      `rules:\n  - {rulename: r, action: ancestor, parent: "", child: '', tags: [{name: p}], condition: ancestor.p}\n`,
      'f',
    );
    expect(diagnostics).toEqual([]);
    expect(spec.rules).toMatchObject([
      { action: 'temporal', every: true, groupBy: [], condition: { from: 'inherited' } },
    ]);
    expect(messages('rules:\n  - {rulename: r, action: parent, parent: "", child: id, tags: [{name: p}]}\n')).toEqual([
      '2:43 "parent" names no column; when "parent" and "child" are both empty, all events of the group share one memory',
    ]);
  });

  it('reads the added keys', () => {
    const { spec, diagnostics } = parseFluxSpec(
      `lateness: 30s\n${rule('    timespan: 5m\n    reset: true\n    level: high\n    ordered: true\n    strict: true\n    condition: a and not earlier.b.c or 1 of them\n')}`,
      'flux.yml',
    );
    expect(diagnostics).toEqual([]);
    expect(spec.latenessMs).toBe(30_000);
    expect(spec.rules[0]).toMatchObject({
      timespanMs: 300_000,
      reset: true,
      strict: true,
      level: 'high',
      condition: {
        kind: 'or',
        items: [
          {
            kind: 'and',
            items: [
              { kind: 'tag', tag: 0, from: 'any' },
              { kind: 'not', item: { kind: 'tag', tag: 1, from: 'inherited' } },
            ],
          },
          { kind: 'or' },
        ],
      },
    });
  });

  it('requires all tags when there is no condition', () => {
    expect(parseFluxSpec(rule(''), 'f').spec.rules[0]?.condition).toEqual({
      kind: 'and',
      items: [
        { kind: 'tag', tag: 0, from: 'any' },
        { kind: 'tag', tag: 1, from: 'any' },
      ],
    });
  });

  it.each([
    [
      'unknown key',
      rule('    timespam: 5m\n'),
      ['5:5 unknown key "timespam" in a flux rule; did you mean "timespan"?'],
    ],
    [
      'unknown action',
      'rules:\n  - {rulename: r, action: Parent, tags: [{name: a}]}\n',
      ['2:27 unknown action "Parent"; did you mean "parent"?'],
    ],
    [
      'missing columns',
      'rules:\n  - rulename: r\n    action: parent\n    tags: [{name: a}]\n',
      ['2:5 key "parent" is missing', '2:5 key "child" is missing'],
    ],
    [
      'unknown tag in the condition',
      rule('    condition: a and b.d\n'),
      ['5:22 condition names unknown tag "b.d"; did you mean "b.c"?'],
    ],
    ['open bracket', rule('    condition: (a\n'), ['5:18 missing ")" in condition']],
    ['empty condition', rule('    condition: ""\n'), ['5:16 condition ends where a tag was expected']],
    [
      'parent tag in a temporal rule',
      rule('    condition: parent.a\n'),
      ['5:16 "parent." means nothing in a rule with action temporal'],
    ],
    [
      'bad timespan',
      rule('    timespan: 1.5h\n'),
      ['5:15 "timespan" is a number and one of s m h d w M y, not "1.5h"'],
    ],
    [
      'no rules',
      'rule: []\n',
      ['1:1 unknown key "rule" in the specification; did you mean "rules"?', '1:1 key "rules" is missing'],
    ],
    [
      'a Sigma rule',
      'title: a\ndetection: {s: {a: b}, condition: s}\n',
      ['1:1 this is a Sigma rule and no flux specification; give it with --rules'],
    ],
    ['not a map', '- a\n', ['1:1 a flux specification is a map with the key "rules"']],
    ['an alias', 'rules: &x [*x]\n', ['1:12 aliases are not allowed here']],
    [
      'a tag twice',
      'rules:\n  - {rulename: r, action: temporal, tags: [{name: a}, {name: a}]}\n',
      ['2:55 tag "a" stands here a second time'],
    ],
  ])('reports %s', (_what, text, expected) => {
    expect(messages(text)).toEqual(expected);
    expect(parseFluxSpec(text, 'f').spec.rules.length).toBe(0);
  });

  it('warns of what the original ignores', () => {
    const { spec, diagnostics } = parseFluxSpec(
      'rules:\n  - {rulename: r, action: parent, ordered: true, parent: p, child: c, tags: [{name: a}]}\n',
      'f',
    );
    expect(diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
    expect(spec.rules.length).toBe(1);
  });

  it('keeps the good rules of a file with a bad one, and the later of two with one name', () => {
    const { spec, diagnostics } = parseFluxSpec(
      'rules:\n  - {rulename: r, action: temporal, tags: [{name: a}]}\n  - {rulename: s}\n  - {rulename: r, action: temporal, tags: [{name: b}]}\n',
      'f',
    );
    expect(spec.rules.map(({ name, tags }) => [name, tags])).toEqual([['r', ['b']]]);
    expect(diagnostics.map(({ severity }) => severity)).toEqual(['error', 'error', 'warning']);
  });

  it('shows the line in the rendered text', () => {
    const [first] = parseFluxSpec(rule('    resett: true\n'), 'flux.yml').diagnostics;
    expect(first && renderDiagnostic(first, { color: false })).toBe(
      'error[STATE_BAD_SPEC]: unknown key "resett" in a flux rule; did you mean "reset"?\n  --> flux.yml:5:5\n  5 |     resett: true\n    |     ^^^^^^',
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        parseFluxSpec(a, 'f');
        parseFluxSpec(rule(`    condition: ${b}\n`), 'f');
        parseFluxSpec(ORIGINAL.slice(0, a.length * 17) + b, 'f');
      }),
    );
  });
});
