/**
 * The YAML schema of rules: YAML 1.2 core (so that `yes`, `on` and dates stay text), with two differences: an integer with leading
 * zeros (`00000429`) or beyond exact numbers stays text, because as a number it would no longer say what was written; and `<<` merges
 * maps, as the reference library reads them.
 */
import { CORE_SCHEMA, defineScalarTag, floatCoreTag, intCoreTag, mergeTag, NOT_RESOLVED } from 'js-yaml';

function keepsText(source: string): boolean {
  return /^[-+]?0\d+$/.test(source) || (/^[-+]?\d{16,}$/.test(source) && !Number.isSafeInteger(Number(source)));
}

export const RULE_SCHEMA = CORE_SCHEMA.withTags(
  mergeTag,
  defineScalarTag<number>(intCoreTag.tagName, {
    ...intCoreTag,
    resolve: (source, isExplicit, tagName) =>
      !isExplicit && keepsText(source) ? NOT_RESOLVED : intCoreTag.resolve(source, isExplicit, tagName),
  }),
  defineScalarTag<number>(floatCoreTag.tagName, {
    ...floatCoreTag,
    resolve: (source, isExplicit, tagName) =>
      !isExplicit && keepsText(source) ? NOT_RESOLVED : floatCoreTag.resolve(source, isExplicit, tagName),
  }),
);
