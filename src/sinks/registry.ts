/** All sinks. A new one is its file, its test and one line here. */
import { jsonKind } from './json-sink.ts';
import type { SinkKind } from './sink.ts';
import { stdoutKind } from './stdout-sink.ts';

export const SINK_KINDS: readonly SinkKind[] = [jsonKind, stdoutKind];
