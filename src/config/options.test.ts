import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { applyEnvironment } from './environment.ts';
import { checkOptions } from './options.ts';
import { parseYaml } from './yaml-file.ts';

const schema = Type.Object({
  port: Type.Integer({ minimum: 1, maximum: 65_535, default: 12201 }),
  mode: Type.Union([Type.Literal('fast'), Type.Literal('safe')], { default: 'safe' }),
  token: Type.Optional(Type.String({ minLength: 8, 'x-secret': true })),
});

describe('options', () => {
  it('take defaults and convert text', () => {
    expect(checkOptions(schema, { port: '99' }, 'x')).toEqual({ values: { port: 99, mode: 'safe' }, diagnostics: [] });
  });

  it('name the nearest key, the value and the choices', () => {
    const messages = checkOptions(schema, { prot: 1, port: 0, mode: 'slow' }, 'inputs[0]').diagnostics.map(
      (d) => d.message,
    );
    expect(messages).toEqual([
      'unknown key "prot" in inputs[0]; did you mean "port"?',
      '"port" 0 must be >= 1 in inputs[0]',
      '"mode" "slow" is not known in inputs[0]; one of "fast", "safe"',
    ]);
  });

  it('names the known keys of entries of lists', () => {
    const entry = Type.Object({ spec: Type.String() }, { additionalProperties: false });
    const schema = Type.Object({
      rules: Type.Array(entry),
      flux: Type.Array(Type.Union([Type.String(), entry])),
    });
    const hint = 'known keys: spec';
    expect(
      checkOptions(schema, { rules: [{ spec: 'a', spce: 'b' }], flux: ['x', { spec: 'a', sepc: 'b' }] }, 'flint.yaml')
        .diagnostics,
    ).toMatchObject([
      { message: 'unknown key "rules.0.spce" in flint.yaml; did you mean "spec"?', hint },
      { message: 'unknown key "flux.1.sepc" in flint.yaml; did you mean "spec"?', hint },
    ]);
  });

  it('name the keys where a map is due', () => {
    const nested = Type.Object({ http: Type.Optional(Type.Object({ listen: Type.String(), token: Type.String() })) });
    expect(checkOptions(nested, { http: '127.0.0.1:80' }, 'flint.yaml').diagnostics).toMatchObject([
      {
        message: '"http" "127.0.0.1:80" must be a map in flint.yaml',
        hint: 'give a map with the keys listen, token',
      },
    ]);
  });

  it('name words and numbers where either is due', () => {
    const either = Type.Object({
      workers: Type.Union([Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: 64 })]),
    });
    const message = (workers: unknown): string | undefined =>
      checkOptions(either, { workers }, 'x').diagnostics[0]?.message;
    expect(message(0)).toBe('"workers" 0 is not known in x; one of "auto", a whole number from 1 to 64');
    expect(message('many')).toBe('"workers" "many" is not known in x; one of "auto", a whole number from 1 to 64');
    expect(message('4')).toBeUndefined();
  });

  it('refuse a value that is none of many choices', () => {
    const many = Type.Object({
      kind: Type.Optional(Type.Union([...'abcdefghijkl'].map((name) => Type.Literal(name)))),
    });
    expect(checkOptions(many, { kind: 'zz' }, 'x').diagnostics[0]?.message).toContain('"kind" "zz"');
    expect(checkOptions(many, { kind: 'l' }, 'x').diagnostics).toEqual([]);
  });

  it('say what is missing', () => {
    const needed = Type.Object({ source: Type.String() });
    expect(checkOptions(needed, {}, 'intel[0]').diagnostics.map(({ message }) => message)).toEqual([
      '"source" is missing in intel[0]',
    ]);
  });

  it('say what a map lacks where a text or a map is due', () => {
    const entries = Type.Object({
      outputs: Type.Array(Type.Union([Type.String(), Type.Object({ address: Type.String() })])),
    });
    const messages = (value: unknown): string[] =>
      checkOptions(entries, { outputs: ['stdout:', value] }, 'x').diagnostics.map(({ message }) => message);
    expect(messages({ file: { path: 'a' } })).toEqual(['"outputs.1" lacks the key "address" in x']);
    expect(messages({ address: [] })).toEqual(['"outputs.1.address" must be string in x']);
    expect(messages({ address: 'a' })).toEqual([]);
    expect(messages([])).toEqual(['"outputs.1" must be string in x']);
  });

  it('never print a secret', () => {
    expect(JSON.stringify(checkOptions(schema, { token: 'hush' }, 'x').diagnostics)).not.toContain('hush');
  });
});

describe('environment', () => {
  it('lays keys over the file, lists by number', () => {
    expect(
      applyEnvironment(
        { a: { b: 1 }, list: [{ x: 1 }] },
        { FLINT_A__B: '2', FLINT_LIST__0__Y: 'text', FLINT_LIST__1: '[1, 2]', OTHER: '1' },
      ),
    ).toEqual({
      a: { b: 2 },
      list: [{ x: 1, y: 'text' }, [1, 2]],
    });
  });

  it('ignores prototype keys', () => {
    applyEnvironment({}, { FLINT___PROTO____X: '1' });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('YAML files', () => {
  it('know where each value stands', () => {
    const file = parseYaml('inputs:\n  - port: 1\n    mode: x\n', 'flint.yaml');
    expect(file.spanOf('inputs.0.mode')).toMatchObject({ line: 3, column: 5, sourceLine: '    mode: x' });
  });

  it('report errors with line and column', () => {
    const [problem] = parseYaml('a: [1\nb: 2\n', 'flint.yaml').diagnostics;
    expect(problem?.span).toMatchObject({ file: 'flint.yaml', line: 2 });
  });
});
