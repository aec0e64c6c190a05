/** What every input lets be said about its records, and the source made of it. */
import { type Static, Type } from 'typebox';
import type { RecordSource } from '../core/record.ts';
import type { InputContext } from './input.ts';

export const RECORD_OPTIONS = {
  format: Type.Optional(Type.String({ description: 'decoder of the records; without it they are told by content' })),
  logsource: Type.Optional(
    Type.String({ description: 'log source of all records, product/category/service; without it told by content' }),
  ),
  timezone: Type.String({ default: 'Z', description: 'zone of times that carry none: an IANA name or Z' }),
  max_record_bytes: Type.Optional(
    Type.Integer({
      minimum: 64,
      maximum: 268_435_456,
      'x-unit': 'bytes',
      description: 'longest record; without it limits.record_bytes',
    }),
  ),
};

const recordOptions = Type.Object(RECORD_OPTIONS);
export type RecordOptions = Static<typeof recordOptions>;

const DEFAULT_RECORD_BYTES = 16 << 20;

export function maxRecordBytes(context: InputContext, options: RecordOptions): number {
  return options.max_record_bytes ?? context.maxRecordBytes ?? DEFAULT_RECORD_BYTES;
}

export function recordSource(
  context: InputContext,
  options: RecordOptions,
  place: { readonly path: string; readonly id: string; readonly replayable: boolean },
): RecordSource {
  return {
    input: context.name,
    ...place,
    timezone: options.timezone,
    ...(options.format !== undefined && { decoder: options.format }),
    ...(options.logsource !== undefined && { logsource: options.logsource }),
  };
}
