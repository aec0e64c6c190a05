import { describe, expect, it } from 'vitest';
import { renderDiagnostic } from '../../errors/render.ts';
import type { Observation } from './ast.ts';
import { type ParseOptions, parsePattern } from './parse.ts';

const STRICT: ParseOptions = { strict: true };

function root(text: string, options?: ParseOptions): Observation {
  const result = parsePattern(text, options);
  if (!result.ok) throw new Error(renderDiagnostic(result.diagnostic, { color: false }));
  return result.pattern.root;
}

function problem(text: string, options?: ParseOptions): { message: string; column?: number; hint?: string } {
  const result = parsePattern(text, options);
  if (result.ok) throw new Error(`parsed: ${text}`);
  const { message, span, hint } = result.diagnostic;
  return { message, ...(span?.column === undefined ? {} : { column: span.column }), ...(hint ? { hint } : {}) };
}

describe('pattern parser', () => {
  it('binds AND tighter than OR tighter than FOLLOWEDBY between observations', () => {
    const tree = root('[a:b=1] OR [a:b=2] AND [a:b=3] FOLLOWEDBY [a:b=4]');
    expect(tree).toMatchObject({
      kind: 'followedby',
      items: [
        { kind: 'observation-or', items: [{ kind: 'bracket' }, { kind: 'observation-and' }] },
        { kind: 'bracket' },
      ],
    });
  });

  it('binds a qualifier to the closest bracket or parenthesis', () => {
    expect(root('[a:b=1] AND [a:b=2] WITHIN 5 SECONDS REPEATS 2 TIMES')).toMatchObject({
      kind: 'observation-and',
      items: [
        { kind: 'bracket' },
        {
          kind: 'qualified',
          qualifier: { kind: 'repeats', times: 2 },
          item: { kind: 'qualified', qualifier: { kind: 'within', seconds: 5 } },
        },
      ],
    });
  });

  it('reads each kind of constant', () => {
    const text = "[a:b IN (-5, .5, 'it\\'s \\\\', true, t'2024-01-01T00:00:60.10Z', h'FFd8', b'aGk=')]";
    expect(root(text, STRICT)).toMatchObject({
      test: {
        operands: [
          { type: 'integer', value: -5 },
          { type: 'float', value: 0.5 },
          { type: 'string', value: "it's \\" },
          { type: 'boolean', value: true },
          { type: 'timestamp', text: '2024-01-01T00:00:60.10Z' },
          { type: 'hex', hex: 'ffd8' },
          { type: 'binary', hex: '6869' },
        ],
      },
    });
  });

  it('reads each kind of path step', () => {
    expect(root("[x-a:b.'c-d'[*][2]._e NOT <> 1]", STRICT)).toMatchObject({
      test: {
        path: {
          type: 'x-a',
          steps: [
            { kind: 'key', name: 'b' },
            { kind: 'key', name: 'c-d' },
            { kind: 'any' },
            { kind: 'index', index: 2 },
            { kind: 'key', name: '_e' },
          ],
        },
        operator: '!=',
        negated: true,
      },
    });
  });

  it('skips comments and every kind of white space', () => {
    expect(root('[\u00a0a:b/* one */=\u2003// two\n1\u3000]REPEATS 2\u0085TIMES', STRICT)).toMatchObject({
      kind: 'qualified',
    });
    expect(root("[a:b IN(1,2)OR a:b MATCHES'x']", STRICT)).toMatchObject({ kind: 'bracket' });
  });

  it('takes START and STOP in both spellings', () => {
    const qualifier = { kind: 'start-stop', start: '2024-01-01T00:00:00Z', stop: '2024-01-02T00:00:00Z' };
    expect(root("[a:b=1] START t'2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00Z'", STRICT)).toMatchObject({
      qualifier,
    });
    expect(root("[a:b=1] START '2024-01-01T00:00:00Z' STOP '2024-01-02T00:00:00Z'", STRICT)).toMatchObject({
      qualifier,
    });
  });

  it('says what it expected, what it found and where', () => {
    expect(problem('[a:b = ]', STRICT)).toEqual({ message: 'expected a constant after =, found "]"', column: 8 });
    expect(problem("[a:b = 'x'", STRICT)).toEqual({
      message: 'expected "]" after what "[" at 1 opens, found the end of the pattern',
      column: 11,
    });
    expect(problem('[a:b = abc]', STRICT).hint).toBe("text stands between single quotes: 'abc'");
    expect(problem('[a:b-c = 1]', STRICT).hint).toBe("a property name with a hyphen needs quotes: 'b-c'");
    expect(problem("[a:b LIEK 'x']").hint).toBe('did you mean LIKE?');
    expect(problem('[a:b = 1] within 2 seconds', STRICT).hint).toBe('keywords are upper case: write WITHIN');
    expect(problem("[a:b = 'c:\\temp']", STRICT)).toMatchObject({ column: 11, hint: expect.stringContaining('\\\\') });
    expect(problem("[a:b = t'2024-13-01T00:00:00Z']").message).toContain('a timestamp not of the form');
    expect(problem('[NOT a:b = 1]').hint).toContain('NOT stands between path and operator');
    expect(problem('[a:b =? 1]').message).toContain('"?"');
    expect(problem('[a:b = 1]\n  AND')).toMatchObject({ message: expect.stringContaining('the end of the pattern') });
    expect(problem('').message).toContain('the end of the pattern');
  });

  it('refuses what has no order after ordering operators and what is no text after text operators', () => {
    expect(problem('[a:b < true]').message).toContain('has an order');
    expect(problem('[a:b LIKE 5]').message).toContain('text in quotes after LIKE');
    for (const text of ['[a:b = 01]', '[a:b = 5.]', '[a:b = 1e3]', "[a:b = b'====']", "[a:b = h'abc']", '[a:b = null]'])
      expect(parsePattern(text).ok, text).toBe(false);
  });

  it('reads lists of any length and bounds the depth of parentheses', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `a:b = ${i}`).join(' OR ');
    expect(root(`[${many}]`)).toMatchObject({ test: { kind: 'or', items: { length: 20_000 } } });
    expect(problem(`${'('.repeat(100_000)}[a:b=1]`).message).toContain('nested more than 250 deep');
    expect(problem(`[${'('.repeat(100_000)}a:b=1]`).message).toContain('nested more than 250 deep');
    expect(root(`${'('.repeat(200)}[a:b=1]${')'.repeat(200)}`)).toMatchObject({ kind: 'bracket' });
  });

  it('accepts from feeds what can mean only one thing, notes it, and refuses it in strict mode', () => {
    const cases: readonly [string, string][] = [
      ["file:name = 'a' AND file:size = 1", 'missing-brackets'],
      ["file:hashes.'SHA256' = 'ab']", 'missing-brackets'],
      ["(file:name = 'a' OR file:name = 'b') AND file:size = 1", 'missing-brackets'],
      ["[file:hashes.SHA-256 = 'ab']", 'unquoted-key'],
      ["[a:b like 'x' and a:start not in (1)] within 5 seconds", 'lower-case-keyword'],
      ["[file:name = 'C:\\Temp']", 'stray-backslash'],
      ['[file:name = "a"]', 'double-quotes'],
    ];
    for (const [text, tolerance] of cases) {
      const result = parsePattern(text);
      expect(result.ok && result.pattern.notes, text).toEqual([tolerance]);
      expect(parsePattern(text, STRICT).ok, text).toBe(false);
    }
    expect(root("[file:name = 'C:\\Temp']")).toMatchObject({ test: { operands: [{ value: 'C:\\Temp' }] } });
    expect(parsePattern("[network-traffic:start = 1 AND a:times = 2 AND not:like = 'x']")).toMatchObject({
      ok: true,
      pattern: { notes: [] },
    });
    expect(parsePattern("[a:b = 1] AND c:d = 'x'").ok).toBe(false);
  });
});
