/**
 * What stands for the machine of audit records that name none, as `audit.log` does by default: where they came from. The files that one
 * log was rotated into are one machine's, senders go by their address without the port. Process ids and the numbers of audit
 * events are small and alike on all machines: two logs must never be taken for one.
 */
import type { RecordSource } from '../../core/record.ts';

/** No name of a machine begins with it. */
const PREFIX = 'source:';
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i;
/** `audit.log.1`, `audit.log-20260301.gz`, `audit.log.2.zst`. */
const ROTATED = /(?:\.\d{1,4}|-\d{8}(?:-\d{1,10})?|\.old|\.gz|\.zst)+$/;

export function sourceHost({ path }: Pick<RecordSource, 'path'>): string {
  return PREFIX + (ADDRESS.test(path) ? path.replace(/:\d{1,5}$/, '') : path.replace(ROTATED, ''));
}
