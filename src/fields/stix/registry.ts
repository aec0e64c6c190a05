/** All built-in mappings; every one that applies to an event adds its objects. */
import { CLOUD } from './mappings/cloud.ts';
import { ECS } from './mappings/ecs.ts';
import { DNS, FLOW, WEB } from './mappings/flow-and-web.ts';
import { OCSF } from './mappings/ocsf.ts';
import { STIX_SPARK } from './mappings/stix-spark.ts';
import { SURICATA } from './mappings/suricata.ts';
import { SYSMON, WINDOWS_SECURITY } from './mappings/windows.ts';
import { ZEEK } from './mappings/zeek.ts';
import type { StixMapping } from './mapping.ts';

export const STIX_MAPPINGS: readonly StixMapping[] = [
  ECS,
  OCSF,
  SYSMON,
  WINDOWS_SECURITY,
  ZEEK,
  SURICATA,
  STIX_SPARK,
  FLOW,
  WEB,
  DNS,
  CLOUD,
];
