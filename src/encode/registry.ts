/** All output formats. A new one is its file, its test and one line here. */
import { cef } from './cef.ts';
import { ecs } from './ecs.ts';
import type { Encoder } from './encoder.ts';
import { gelf } from './gelf.ts';
import { stix } from './stix.ts';
import { stixSpark } from './stix-spark.ts';
import { syslog } from './syslog.ts';

export const ENCODERS: readonly Encoder[] = [ecs, stixSpark, gelf, syslog, cef, stix];
