/** `gt`: the field is a number, or text that is one as a whole, greater than the value. */
import { numericComparison } from './numeric-comparison.ts';

export const gt = numericComparison('gt', 'the field is a number greater than the value');
