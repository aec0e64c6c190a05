/** `re|m`: `^` and `$` also match at line borders. */
import { regexFlag } from './regex-flag.ts';

export const m = regexFlag('m', 'multiline', 'multiline', 'after re: ^ and $ match at line borders');
