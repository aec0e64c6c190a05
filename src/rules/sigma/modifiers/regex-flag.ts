/** What the three flags of `re` share. */
import type { RegexFlags } from '../ast.ts';
import type { Modifier } from './modifier.ts';

export function regexFlag(name: string, alias: string, flag: keyof RegexFlags, summary: string): Modifier {
  return {
    name,
    aliases: [alias],
    summary,
    accepts: ['regex'],
    apply: (value) =>
      value.kind === 'regex' ? { ...value, flags: { ...value.flags, [flag]: true } } : { problem: 'not a regex' },
  };
}
