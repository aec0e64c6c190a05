/** All sinks. A new one is its file, its test and one line here. */
import { fileKind } from './file-sink.ts';
import { gelfKind } from './gelf-sink.ts';
import { jsonKind } from './json-sink.ts';
import type { SinkKind } from './sink.ts';
import { stdoutKind } from './stdout-sink.ts';
import { cefKind, syslogKind } from './syslog-sink.ts';
import { taxiiKind } from './taxii-sink.ts';
import { webhookKind } from './webhook-sink.ts';

export const SINK_KINDS: readonly SinkKind[] = [
  jsonKind,
  gelfKind,
  syslogKind,
  cefKind,
  webhookKind,
  taxiiKind,
  fileKind,
  stdoutKind,
];
