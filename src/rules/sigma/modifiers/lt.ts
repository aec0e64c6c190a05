/** `lt`: the field is a number, or text that is one as a whole, less than the value. */
import { numericComparison } from './numeric-comparison.ts';

export const lt = numericComparison('lt', 'the field is a number less than the value');
