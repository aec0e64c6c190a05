/** `re|i`: the expression ignores letter case. */
import { regexFlag } from './regex-flag.ts';

export const i = regexFlag('i', 'ignorecase', 'ignoreCase', 'after re: letter case does not count');
