/**
 * Cases against the specification where evaluators go wrong (reference, sections 4 to 7 and 9): the rule's detection, an event, and
 * whether it matches, or `error` when the rule must be refused. Through the loader, the interpreter and the compiled matcher.
 */
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { eventSource } from '../../core/event-source.ts';
import type { EventObject } from '../../core/event.ts';
import { plainEvent } from '../../core/rule-event.ts';
import { evaluate } from '../../match/interpreter.ts';
import { regexProblem } from '../../match/regex.ts';
import { RuleMatcher } from '../../match/rule-matcher.ts';
import { eventSubject } from '../../match/subject.ts';
import { loadSigma } from './load.ts';

type Case = readonly [title: string, detection: unknown, event: object, expected: boolean | 'error'];

const sel = (definition: unknown): object => ({ sel: definition, condition: 'sel' });
const B = '\\';

const VALUES: readonly Case[] = [
  ['backslash, star, backslash', sel({ f: `a${B}${B}*${B}${B}b` }), { f: `a${B}xyz${B}b` }, true],
  [
    'five backslashes and a star: two and a literal star',
    sel({ f: `a${B}${B}${B}${B}${B}*` }),
    { f: `a${B}${B}*` },
    true,
  ],
  [
    'five backslashes and a star do not match another text',
    sel({ f: `a${B}${B}${B}${B}${B}*` }),
    { f: `a${B}${B}x` },
    false,
  ],
  ['escaped question mark in the middle of wildcards', sel({ f: `*a${B}?b?` }), { f: 'xxa?bz' }, true],
  ['a question mark takes one character beyond the first plane', sel({ f: 'a?b' }), { f: 'a😀b' }, true],
  ['a question mark takes no empty text', sel({ f: '?' }), { f: '' }, false],
  ['two question marks do not take one such character', sel({ f: 'a??b' }), { f: 'a😀b' }, false],
  ['a question mark takes a line break', sel({ f: 'a?b' }), { f: 'a\nb' }, true],
  ['only stars match an empty text', sel({ f: '***' }), { f: '' }, true],
  ['stars that overlap', sel({ f: '*ab*ab*' }), { f: 'xabx' }, false],
  ['the end is anchored after a star', sel({ f: 'a*bc' }), { f: 'abcbcd' }, false],
  ['backtracking over a star', sel({ f: '*aab' }), { f: 'aaaab' }, true],
  ['startswith with a trailing backslash', sel({ 'f|startswith': `C:${B}` }), { f: `C:${B}x` }, true],
  ['endswith with a leading backslash', sel({ 'f|endswith': `${B}cmd.exe` }), { f: `C:${B}CMD.EXE` }, true],
  ['endswith needs the whole end', sel({ 'f|endswith': `${B}cmd.exe` }), { f: 'cmd.exe' }, false],
  ['contains of an escaped star', sel({ 'f|contains': `${B}*` }), { f: 'a*b' }, true],
  ['contains of an escaped star is no wildcard', sel({ 'f|contains': `${B}*` }), { f: 'ab' }, false],
  ['ß is not ss', sel({ f: 'STRASSE' }), { f: 'straße' }, false],
  ['the Kelvin sign is no k', sel({ f: 'k' }), { f: '\u212a' }, false],
  ['dotted capital I is no i', sel({ f: 'i' }), { f: '\u0130' }, false],
  ['Greek capital sigma is both small ones by character only', sel({ f: 'ΑΣ' }), { f: 'ας' }, false],
  ['Cyrillic folds', sel({ 'f|contains': 'ПРИВЕТ' }), { f: 'о, привет!' }, true],
  ['a decomposed letter is not the composed one', sel({ f: 'é' }), { f: 'e\u0301' }, false],
  ['cased with wildcards', sel({ 'f|cased': 'A*Z' }), { f: 'AbcZ' }, true],
  ['cased with wildcards, other case', sel({ 'f|cased': 'A*Z' }), { f: 'Abcz' }, false],
];

const TYPES: readonly Case[] = [
  ['a negative number and its text', sel({ n: -5 }), { n: '-5' }, true],
  ['a float and its text', sel({ n: 1.5 }), { n: '1.50' }, true],
  ['text with a plus sign is a number', sel({ n: 5 }), { n: '+5' }, true],
  ['text with blanks is no number', sel({ n: 5 }), { n: ' 5' }, false],
  ['an exponent is a number', sel({ n: 1000 }), { n: '1e3' }, true],
  ['a number against a boolean', sel({ n: 1 }), { n: true }, false],
  ['zero against null', sel({ n: 0 }), { n: null }, false],
  ['zero against an empty text', sel({ n: 0 }), { n: '' }, false],
  ['text against a float of the event', sel({ n: '1.5' }), { n: 1.5 }, true],
  ['a wildcard over a number', sel({ n: '46*' }), { n: 4688 }, true],
  ['contains over a number', sel({ 'n|contains': '68' }), { n: 4688 }, true],
  ['false against the text FALSE', sel({ b: false }), { b: 'FALSE' }, true],
  ['false against an empty text', sel({ b: false }), { b: '' }, false],
  ['the text true against a boolean', sel({ b: 'True' }), { b: true }, true],
  ['an object as value is present but equals nothing', sel({ f: '*' }), { f: { a: 1 } }, false],
  ['an empty array is present but equals nothing', sel({ f: '*' }), { f: [] }, false],
  ['an empty array exists', sel({ 'f|exists': true }), { f: [] }, true],
  ['an object exists', sel({ 'f|exists': true }), { f: {} }, true],
  ['null in an array is null', sel({ f: null }), { f: ['a', null] }, true],
  ['null does not hold for an object', sel({ f: null }), { f: { a: 1 } }, false],
  ['null in a list of values', sel({ f: ['a', null] }), {}, true],
  ['an empty text in a list of values', sel({ f: ['a', ''] }), { f: '' }, true],
  ['gt with text of a float', sel({ 'n|gt': 5 }), { n: '5.1' }, true],
  ['lt with null', sel({ 'n|lt': 5 }), { n: null }, false],
  ['lt with a boolean', sel({ 'n|lt': 5 }), { n: true }, false],
  ['gte with a list of bounds: any', sel({ 'n|gte': [10, 3] }), { n: 5 }, true],
  ['gte with all: every bound', sel({ 'n|gte|all': [10, 3] }), { n: 5 }, false],
  ['gt on any member of an array', sel({ 'n|gt': 5 }), { n: [1, 9] }, true],
  ['lte and neq', sel({ 'n|lte|neq': 5 }), { n: 6 }, true],
  ['infinity is refused', sel({ n: Number.POSITIVE_INFINITY }), {}, 'error'],
];

const MODIFIERS: readonly Case[] = [
  ['windash at the start of the value', sel({ 'f|windash|startswith': '-enc' }), { f: '/enc x' }, true],
  ['windash takes the slash of the rule for a dash', sel({ 'f|windash|contains': '/all' }), { f: 'x -all' }, true],
  ['windash of a long option: the second dash only', sel({ 'f|windash|contains': '--long' }), { f: '-/long' }, true],
  ['windash of a long option, the first stays', sel({ 'f|windash|contains': '--long' }), { f: '//long' }, false],
  ['windash leaves a dash before a blank', sel({ 'f|windash|contains': 'a - b' }), { f: 'a / b' }, false],
  ['windash and neq', sel({ 'f|windash|contains|neq': ' -x' }), { f: 'a /x' }, false],
  ['base64 of text beyond ASCII counts bytes', sel({ 'f|base64': 'ü' }), { f: 'w7w=' }, true],
  ['base64offset of text beyond ASCII', sel({ 'f|base64offset|contains': 'für' }), { f: `x${btoa('A fÃ¼r B')}` }, true],
  [
    'wide and base64offset at an odd offset',
    sel({ 'f|wide|base64offset|contains': 'ping' }),
    { f: btoa('x\0p\0i\0n\0g\0') },
    true,
  ],
  ['utf16le is wide', sel({ 'f|utf16le|base64': 'a' }), { f: 'YQA=' }, true],
  ['utf16 has a byte order mark', sel({ 'f|utf16|base64': 'a' }), { f: '//5hAA==' }, true],
  ['base64 of a number is refused', sel({ 'f|base64': 5 }), {}, 'error'],
  ['all over one value', sel({ 'f|contains|all': 'a' }), { f: 'xax' }, true],
  ['all and neq: not all of them', sel({ 'f|contains|all|neq': ['a', 'b'] }), { f: 'a' }, true],
  ['all over arrays: each value by some member', sel({ 'f|all': ['a', 'b'] }), { f: ['b', 'a'] }, true],
  ['re with a lazy quantifier', sel({ 'f|re': '^a.*?b$' }), { f: 'axxb' }, true],
  ['re is tried on numbers as text', sel({ 'f|re': '^46\\d\\d$' }), { f: 4688 }, true],
  ['re with a leading and an inner flag', sel({ 'f|re': '(?i)abc(?-i)D' }), { f: 'ABCD' }, true],
  ['re with an inner flag switched off', sel({ 'f|re': '(?i)abc(?-i)D' }), { f: 'ABCd' }, false],
  ['re, i and m together', sel({ 'f|re|i|m': '^b$' }), { f: 'a\nB' }, true],
  ['re with all', sel({ 'f|re|all': ['a', 'b'] }), { f: 'ba' }, true],
  ['re with neq', sel({ 'f|re|neq': 'a' }), { f: 'b' }, true],
  ['re and cased', sel({ 'f|re|cased': 'a' }), {}, 'error'],
  ['look-ahead is refused', sel({ 'f|re': 'a(?=b)' }), {}, 'error'],
  ['a back-reference is refused', sel({ 'f|re': '(a)\\1' }), {}, 'error'],
  ['cidr with a mapped address', sel({ 'f|cidr': '10.0.0.0/8' }), { f: '::ffff:10.1.2.3' }, true],
  ['cidr with leading zeros', sel({ 'f|cidr': '10.0.0.0/8' }), { f: '010.1.2.3' }, false],
  ['cidr of everything', sel({ 'f|cidr': '0.0.0.0/0' }), { f: '8.8.8.8' }, true],
  ['cidr with a longer mask than there is', sel({ 'f|cidr': '10.0.0.0/33' }), {}, 'error'],
  ['cidr on a member of an array', sel({ 'f|cidr': '10.0.0.0/8' }), { f: ['x', '10.0.0.1'] }, true],
  ['cidr after contains', sel({ 'f|contains|cidr': '10.0.0.0/8' }), {}, 'error'],
  ['fieldref with numbers and texts', sel({ 'a|fieldref': 'b' }), { a: 5, b: '5' }, true],
  ['fieldref to a nested field', sel({ 'a|fieldref': 'b.c' }), { a: 'X', b: { c: 'x' } }, true],
  ['fieldref with both null', sel({ 'a|fieldref': 'b' }), { a: null, b: null }, false],
  ['fieldref and neq with the other absent', sel({ 'a|fieldref|neq': 'b' }), { a: 'x' }, true],
  ['exists is first', sel({ 'f|contains|exists': true }), {}, 'error'],
  ['exists without a field', sel({ '|exists': true }), {}, 'error'],
  ['exists false with null', sel({ 'f|exists': false }), { f: null }, false],
  ['hour of a time as written', sel({ 't|hour|gte': 22 }), { t: '2024-05-01T23:10:00+02:00' }, true],
  ['week by ISO', sel({ 't|week': 53 }), { t: '2020-12-31T00:00:00Z' }, true],
  ['a comparison before the time part', sel({ 't|gte|hour': 22 }), {}, 'error'],
  ['minute beyond its range', sel({ 't|minute': 60 }), {}, 'error'],
  ['gt on a boolean', sel({ 'n|gt': true }), {}, 'error'],
  ['a modifier in capitals', sel({ 'f|Contains': 'x' }), {}, 'error'],
  ['an empty modifier', sel({ 'f|': 'x' }), {}, 'error'],
  ['neq of null', sel({ 'f|neq': null }), { f: 'x' }, true],
  ['neq of null, absent', sel({ 'f|neq': null }), {}, false],
];

const SHAPES: readonly Case[] = [
  ['a list that mixes keywords and maps', sel(['evil', { a: 1 }]), { a: 1 }, true],
  ['a list that mixes keywords and maps: the keyword', sel(['evil', { a: 1 }]), { m: 'so evil' }, true],
  ['keywords of all with wildcards', sel({ '|all': ['a*c', 'd?f'] }), { m: 'xabcx', n: ['def'] }, true],
  ['keywords as expressions', sel({ '|re': ['^a', 'z$'] }), { m: 'xyz' }, true],
  ['keywords do not match null', sel(['null']), { m: null }, false],
  ['keywords match booleans as text', sel(['true']), { m: true }, true],
  ['keyword in a nested array of objects', sel(['deep']), { a: [{ b: [{ c: 'so deep' }] }] }, true],
  ['a list of maps with lists', sel([{ a: [1, 2] }, { b: 3 }]), { a: 2 }, true],
  ['an empty list of maps', sel([]), {}, 'error'],
  ['a list of lists', sel({ f: [['a']] }), {}, 'error'],
  ['a map as value', sel({ f: { a: 1 } }), {}, 'error'],
  ['dotted name through an array', sel({ 'a.b': 'x' }), { a: [{ b: 'y' }, { b: 'x' }] }, true],
  ['dotted name, the rest as one key', sel({ 'a.b.c': 'x' }), { a: { 'b.c': 'x' } }, true],
  ['a field called constructor', sel({ constructor: 'x' }), {}, false],
  ['a field called __proto__ with null', sel(JSON.parse('{"__proto__.x": null}')), {}, true],
  ['brackets are part of the name below version 3', sel({ 'f[0]': 'x' }), { 'f[0]': 'x' }, true],
  ['brackets are no position below version 3', sel({ 'f[0]': 'x' }), { f: ['x'] }, false],
  [
    'nested brackets and not',
    { a: { x: 1 }, b: { y: 1 }, c: { z: 1 }, condition: 'not (a or (b and not c))' },
    { y: 1, z: 1 },
    true,
  ],
  ['not binds tighter than and', { a: { x: 1 }, b: { y: 1 }, condition: 'not a and not b' }, { y: 1 }, false],
  ['not before of', { s_a: { x: 1 }, s_b: { y: 1 }, condition: 'not 1 of s_*' }, { z: 1 }, true],
  ['all of a pattern', { s_a: { x: 1 }, s_b: { y: 1 }, o: { q: 1 }, condition: 'all of s_*' }, { x: 1, y: 1 }, true],
  ['a pattern with stars on both sides', { a_mid_b: { x: 1 }, o: { q: 1 }, condition: '1 of *mid*' }, { x: 1 }, true],
  ['patterns skip underscores', { _s: { x: 1 }, s: { y: 1 }, condition: '1 of *s' }, { x: 1 }, false],
  [
    'patterns that begin with an underscore do not',
    { _s: { x: 1 }, s: { y: 1 }, condition: '1 of _*' },
    { x: 1 },
    true,
  ],
  [
    'identifiers that are called like quantifiers',
    { all: { x: 1 }, any: { y: 1 }, condition: 'all and any' },
    { x: 1, y: 1 },
    true,
  ],
  ['capital letters in AND', { a: { x: 1 }, b: { y: 1 }, condition: 'a AND b' }, { x: 1, y: 1 }, true],
  ['an identifier in other letter case', { Sel: { x: 1 }, condition: 'sel' }, {}, 'error'],
  ['a selector that matches nothing', { a: { x: 1 }, condition: '1 of b*' }, {}, 'error'],
  ['an open bracket', { a: { x: 1 }, condition: '(a' }, {}, 'error'],
  ['a condition that ends in not', { a: { x: 1 }, condition: 'a and not' }, {}, 'error'],
  ['an empty condition', { a: { x: 1 }, condition: '' }, {}, 'error'],
  ['a condition that is missing', { a: { x: 1 } }, {}, 'error'],
  ['zero before of', { a: { x: 1 }, condition: '0 of them' }, {}, 'error'],
  ['a list of conditions', { a: { x: 1 }, b: { y: 1 }, condition: ['a and b', 'not a'] }, {}, true],
];

function load(detection: unknown, more: object = {}) {
  const rule = { title: 'case', logsource: { category: 'test' }, ...more, detection };
  return loadSigma([{ path: 'case.yml', text: dump(rule) }], { regexProblem });
}

function check(detection: unknown, event: object, expected: boolean | 'error', more: object = {}): void {
  const { detections, diagnostics } = load(detection, more);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (expected === 'error') {
    expect(detections).toEqual([]);
    expect(errors[0]?.span?.line).toBeGreaterThan(0);
    return;
  }
  expect(errors).toEqual([]);
  const [rule] = detections;
  if (rule === undefined) throw new Error('no rule');
  expect(evaluate(rule.predicate, eventSubject(event as EventObject))).toBe(expected);
  const matcher = new RuleMatcher(detections);
  const matched = matcher.match(plainEvent(event as EventObject), eventSource(undefined, ['test'], []));
  expect(matched.length > 0).toBe(expected);
}

describe('text values', () => {
  it.each(VALUES)('%s', (_title, detection, event, expected) => check(detection, event, expected));
});
describe('types', () => {
  it.each(TYPES)('%s', (_title, detection, event, expected) => check(detection, event, expected));
});
describe('modifiers', () => {
  it.each(MODIFIERS)('%s', (_title, detection, event, expected) => check(detection, event, expected));
});
describe('shapes and conditions', () => {
  it.each(SHAPES)('%s', (_title, detection, event, expected) => check(detection, event, expected));
});

describe('array selectors of sigma-version 3', () => {
  const three = { 'sigma-version': 3 };
  it.each<Case>([
    ['any: both tests on one element', sel({ 'a[any]': { x: 1, y: 2 } }), { a: [{ x: 1 }, { x: 1, y: 2 }] }, true],
    ['any: not spread over elements', sel({ 'a[any]': { x: 1, y: 2 } }), { a: [{ x: 1 }, { y: 2 }] }, false],
    ['all', sel({ 'a[all]': { x: 1 } }), { a: [{ x: 1 }, { x: 2 }] }, false],
    ['all of an empty array', sel({ 'a[all]': { x: 1 } }), { a: [] }, false],
    ['all_or_empty of an empty array', sel({ 'a[all_or_empty]': { x: 1 } }), { a: [] }, true],
    ['none', sel({ 'a[none]': { x: 1 } }), { a: [{ x: 2 }] }, true],
    ['a position', sel({ 'a[1]': 'y' }), { a: ['x', 'y'] }, true],
    ['a position from the end', sel({ 'a[-1]': 'y' }), { a: ['x', 'y'] }, true],
    ['a position beyond the end', sel({ 'a[5]': 'y' }), { a: ['x', 'y'] }, false],
    ['escaped brackets', sel({ 'a\\[0\\]': 'x' }), { 'a[0]': 'x' }, true],
  ])('%s', (_title, detection, event, expected) => check(detection, event, expected, three));
});
