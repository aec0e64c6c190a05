import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Comparison, Observation, PatternLiteral, PathStep, Qualifier } from './ast.ts';
import { parsePattern } from './parse.ts';
import { printPattern } from './print.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const octets = fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const timestamp = fc
  .tuple(fc.integer({ min: 0, max: 2_000_000_000_000 }), fc.constantFrom('', '.5', '.123456789'))
  .map(([ms, fraction]) => new Date(ms).toISOString().slice(0, 19).concat(fraction, 'Z'));
const number = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e25, max: 1e25 })
  .filter((value) => value !== 0);
const ordered: fc.Arbitrary<PatternLiteral> = fc.oneof(
  fc.record({ type: fc.constant('string' as const), value: text }),
  fc.record({ type: fc.constant('integer' as const), value: fc.maxSafeInteger() }),
  fc.record({ type: fc.constant('float' as const), value: number }),
  fc.record({ type: fc.constantFrom('hex' as const, 'binary' as const), hex: octets }),
  fc.record({ type: fc.constant('timestamp' as const), text: timestamp }),
);
const literal = fc.oneof(ordered, fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }));
const string = text.map((value): PatternLiteral => ({ type: 'string', value }));
const key: fc.Arbitrary<PathStep> = fc
  .oneof(text, fc.constantFrom('SHA-256', 'IN', 'true', 'start'))
  .map((name) => ({ kind: 'key', name }));
const step: fc.Arbitrary<PathStep> = fc.oneof(
  key,
  fc.constant<PathStep>({ kind: 'any' }),
  fc.integer().map((index): PathStep => ({ kind: 'index', index })),
);
const path = fc.record({
  type: fc.constantFrom('file', 'x-y', '_z'),
  steps: fc.tuple(key, fc.array(step, { maxLength: 3 })).map(([first, rest]) => [first, ...rest]),
});
const operation = fc.oneof(
  fc.record({ operator: fc.constantFrom('=' as const, '!=' as const), operands: fc.tuple(literal) }),
  fc.record({ operator: fc.constantFrom('<' as const, '<=' as const, '>' as const), operands: fc.tuple(ordered) }),
  fc.record({ operator: fc.constant('IN' as const), operands: fc.array(literal, { maxLength: 3 }) }),
  fc.record({ operator: fc.constantFrom('LIKE' as const, 'MATCHES' as const), operands: fc.tuple(string) }),
  fc.record({ operator: fc.constant('EXISTS' as const), operands: fc.constant([]) }),
);
const test = fc.tuple(path, operation, fc.boolean()).map(
  ([path, { operator, operands }, negated]): Comparison => ({
    kind: 'test',
    path,
    operator,
    negated,
    operands,
    at: 0,
  }),
);
const qualifier: fc.Arbitrary<Qualifier> = fc.oneof(
  fc.record({ kind: fc.constant('within' as const), seconds: number.map(Math.abs), at: fc.constant(0) }),
  fc.record({ kind: fc.constant('repeats' as const), times: fc.nat(), at: fc.constant(0) }),
  fc.record({ kind: fc.constant('start-stop' as const), start: timestamp, stop: text, at: fc.constant(0) }),
);
const { comparison } = fc.letrec<{ comparison: Comparison }>((tie) => ({
  comparison: fc.oneof(
    { maxDepth: 3 },
    test,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      items: fc.array(tie('comparison'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));
const { observation } = fc.letrec<{ observation: Observation }>((tie) => ({
  observation: fc.oneof(
    { maxDepth: 3 },
    fc.record({ kind: fc.constant('bracket' as const), test: comparison }),
    fc
      .record({
        kind: fc.constant('qualified' as const),
        item: tie('observation'),
        grouped: fc.boolean(),
        qualifier,
      })
      .map(({ grouped, ...node }) => {
        const { kind } = node.item as Observation;
        const isJoin = kind !== 'bracket' && kind !== 'qualified';
        return { ...node, ...((grouped || isJoin) && { grouped: true as const }) };
      }),
    fc.record({
      kind: fc.constantFrom('observation-and' as const, 'observation-or' as const, 'followedby' as const),
      items: fc.array(tie('observation'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

/** Positions differ between the two texts. */
function unplaced(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, item) => (name === 'at' ? 0 : item)));
}

describe('printed patterns', () => {
  it('parse back to the same tree', () => {
    fc.assert(
      fc.property(observation, (tree) => {
        const printed = printPattern(tree);
        const result = parsePattern(printed, { strict: true });
        if (!result.ok) throw new Error(`${printed}: ${result.diagnostic.message}`);
        expect(unplaced(result.pattern.root)).toEqual(unplaced(tree));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the parser', () => {
  it('answers every text without throwing, in time that follows its length', () => {
    const fragment = fc.oneof(
      fc.string(),
      fc.constantFrom('[', ']', '(', ')', "'", '\\', 'a:b', '=', ' AND ', 'NOT', "t'", '/*', '//', '[*]', '.', '1'),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 40 }), fc.boolean(), (fragments, strict) => {
        expect(typeof parsePattern(fragments.join(''), { strict }).ok).toBe('boolean');
      }),
      { numRuns: 2_000 },
    );
  });
});
