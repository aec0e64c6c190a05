/** `gte`: the field is a number, or text that is one as a whole, greater than or equal to the value. */
import { numericComparison } from './numeric-comparison.ts';

export const gte = numericComparison('gte', 'the field is a number greater than or equal to the value');
