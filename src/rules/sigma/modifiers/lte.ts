/** `lte`: the field is a number, or text that is one as a whole, less than or equal to the value. */
import { numericComparison } from './numeric-comparison.ts';

export const lte = numericComparison('lte', 'the field is a number less than or equal to the value');
