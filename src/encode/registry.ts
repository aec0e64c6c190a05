/** All output formats. A new one is its file, its test and one line here. */
import { ecs } from './ecs.ts';
import type { Encoder } from './encoder.ts';
import { stixSpark } from './stix-spark.ts';

export const ENCODERS: readonly Encoder[] = [ecs, stixSpark];
