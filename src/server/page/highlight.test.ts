import { describe, expect, it } from 'vitest';
import { highlight } from './highlight.ts';

describe('highlight', () => {
  const marked = (text: string, field: string, value: string) =>
    highlight(text, [{ field, value }]).map((piece) =>
      piece.kind === 'plain' ? piece.text : `<${piece.kind}:${piece.text}>`,
    );

  it('marks the value and the key it stands under, whatever the letter case', () => {
    expect(marked('{"dns": {"Query": "EVIL.example"}}', 'dns.query', 'evil.example')).toEqual([
      '{"dns": {',
      '<field:"Query":>',
      ' "',
      '<value:EVIL.example>',
      '"}}',
    ]);
  });

  it('finds a value as JSON writes it', () => {
    expect(marked('{"key":"HKLM\\\\Run"}', 'key', 'HKLM\\Run')).toContain('<value:HKLM\\\\Run>');
  });

  it('loses and doubles nothing', () => {
    const text = 'aaa"a":aaa"b":é<script>aa';
    const needles = [
      { field: 'a', value: 'aa' },
      { field: 'b[0]', value: 'a' },
      { field: '', value: '' },
    ];
    const pieces = highlight(text, needles);
    expect(pieces.map((piece) => piece.text).join('')).toBe(text);
    expect(pieces.filter((piece) => piece.kind === 'field').map((piece) => piece.text)).toEqual(['"a":', '"b":']);
  });

  it('gives the text itself when nothing is found', () => {
    expect(highlight('raw line', [{ field: 'message', value: 'other' }])).toEqual([
      { text: 'raw line', kind: 'plain' },
    ]);
    expect(highlight('', [])).toEqual([]);
  });
});
