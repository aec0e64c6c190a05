/** `re|s`: the dot also matches line breaks. */
import { regexFlag } from './regex-flag.ts';

export const s = regexFlag('s', 'dotall', 'dotAll', 'after re: the dot matches line breaks');
