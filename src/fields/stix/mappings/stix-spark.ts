/** The event of STIX Spark, plain or as GELF (stix-spark.md section 4), whose keys are compared without case. */
import { field, has, type StixMapping, text } from '../mapping.ts';
import { httpRequest, session } from './session.ts';

/** Plain and GELF form, upper and lower case. */
function spellings(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [name, `_${name}`, name.toLowerCase(), `_${name.toLowerCase()}`]);
}

export const STIX_SPARK: StixMapping = {
  name: 'stix-spark',
  when: [has(...spellings('SRC_IP', 'DST_IP', 'DST_DOMAIN'))],
  objects: [
    ...session({
      source: spellings('SRC_IP'),
      destination: spellings('DST_IP'),
      destinationName: spellings('DOMAIN', 'DST_DOMAIN'),
      sourcePort: spellings('SRC_PORT'),
      destinationPort: spellings('DST_PORT'),
      protocols: spellings('PROTOCOL', 'L7_PROTOCOL'),
      start: spellings('BEGIN_TIME'),
      more: httpRequest({ method: spellings('METHOD'), target: spellings('URL'), host: spellings('DOMAIN') }),
    }),
    { id: 'url', type: 'url', properties: { value: text(...spellings('URL')) } },
    { id: 'forwarded', type: 'address', properties: { value: field('ip', ...spellings('FORWARD')) } },
  ],
};
