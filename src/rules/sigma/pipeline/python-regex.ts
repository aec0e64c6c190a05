/**
 * Regular expressions and replacements of pipelines are those of Python's `re`: their spellings that JavaScript lacks are translated.
 * What neither has, or only Python, is the syntax error that JavaScript makes of it.
 */

export interface PythonRegex {
  readonly source: string;
  /** Of the inline group in front: i, m, s. */
  readonly flags: string;
}

export function fromPython(written: string): PythonRegex {
  const inline = /^\(\?([aimsu]+)\)/.exec(written);
  const body = inline === null ? written : written.slice(inline[0].length);
  // A backslash takes what follows with it, so that an escaped bracket begins no group.
  const source = body.replace(/\\(.)|\(\?P<|\(\?P=(\w+)\)|\(\?#[^)]*\)/gs, (all, escaped?: string, name?: string) => {
    if (escaped === 'A') return '(?<![\\s\\S])';
    if (escaped === 'Z') return '(?![\\s\\S])';
    if (escaped !== undefined) return all;
    if (name !== undefined) return `\\k<${name}>`;
    return all === '(?P<' ? '(?<' : '';
  });
  return { source, flags: [...new Set(inline?.[1] ?? '')].filter((flag) => 'ims'.includes(flag)).join('') };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b', f: '\f', v: '\v' };

/** One place that `re.sub` of Python replaces: from `start` to `end` of the text, by `by`. */
export interface Substitution {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/** What `re.sub` replaces: `\1`, `\g<1>`, `\g<name>` are groups, `\\` is a backslash. `pattern` has the flag g. */
export function substitutions(text: string, pattern: RegExp, template: string): readonly Substitution[] {
  return [...text.matchAll(pattern)].map((found) => {
    const named = found.groups ?? {};
    const group = (name: string): string =>
      (/^\d+$/.test(name) ? found[Number(name)] : Object.hasOwn(named, name) ? named[name] : '') ?? '';
    const by = template.replace(
      /\\(?:g<(\w+)>|([1-9]\d?)|(.))/gs,
      (all, name?: string, number?: string, escaped = '') => {
        if (name !== undefined || number !== undefined) return group(name ?? number ?? '');
        if (escaped === '\\') return '\\';
        return Object.hasOwn(ESCAPES, escaped) ? (ESCAPES[escaped] as string) : all;
      },
    );
    return { start: found.index, end: found.index + found[0].length, by };
  });
}

/** `re.sub` of Python. */
export function substituted(text: string, pattern: RegExp, template: string): string {
  let result = '';
  let from = 0;
  for (const { start, end, by } of substitutions(text, pattern, template)) {
    result += text.slice(from, start) + by;
    from = end;
  }
  return result + text.slice(from);
}
