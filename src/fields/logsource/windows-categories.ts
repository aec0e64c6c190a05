/**
 * Windows categories of Sigma: which events of which service are one (sigma.md section 12; `tests/thor.yml` of the SigmaHQ rule
 * repository). A row may ask for a field value as well, compared without letter case.
 */

export interface CategoryRow {
  readonly category: string;
  readonly service: string;
  readonly eventIds: readonly number[];
  readonly field?: string;
  readonly values?: readonly string[];
}

const sysmon = (category: string, ...eventIds: number[]): CategoryRow => ({ category, service: 'sysmon', eventIds });

export const CATEGORY_ROWS: readonly CategoryRow[] = [
  sysmon('process_creation', 1),
  sysmon('file_change', 2),
  sysmon('network_connection', 3),
  sysmon('sysmon_status', 4, 16),
  sysmon('process_termination', 5),
  sysmon('driver_load', 6),
  sysmon('image_load', 7),
  sysmon('create_remote_thread', 8),
  sysmon('raw_access_thread', 9),
  sysmon('process_access', 10),
  sysmon('file_event', 11),
  sysmon('registry_event', 12, 13, 14),
  { category: 'registry_add', service: 'sysmon', eventIds: [12], field: 'EventType', values: ['CreateKey'] },
  {
    category: 'registry_delete',
    service: 'sysmon',
    eventIds: [12],
    field: 'EventType',
    values: ['DeleteKey', 'DeleteValue'],
  },
  sysmon('registry_set', 13),
  sysmon('registry_rename', 14),
  sysmon('create_stream_hash', 15),
  sysmon('pipe_created', 17, 18),
  sysmon('wmi_event', 19, 20, 21),
  sysmon('dns_query', 22),
  sysmon('file_delete', 23),
  sysmon('clipboard_change', 24),
  sysmon('clipboard_capture', 24),
  sysmon('process_tampering', 25),
  sysmon('file_delete_detected', 26),
  sysmon('file_block_executable', 27),
  sysmon('file_block_shredding', 28),
  sysmon('file_executable_detected', 29),
  sysmon('sysmon_error', 255),
  { category: 'process_creation', service: 'security', eventIds: [4688] },
  { category: 'registry_event', service: 'security', eventIds: [4657] },
  {
    category: 'registry_set',
    service: 'security',
    eventIds: [4657],
    field: 'OperationType',
    values: ['%%1904', '%%1905', 'New registry value created', 'Existing registry value modified'],
  },
  {
    category: 'registry_delete',
    service: 'security',
    eventIds: [4657],
    field: 'OperationType',
    values: ['%%1906', 'Registry value deleted'],
  },
  { category: 'ps_module', service: 'powershell', eventIds: [4103] },
  { category: 'ps_script', service: 'powershell', eventIds: [4104] },
  { category: 'ps_classic_start', service: 'powershell-classic', eventIds: [400] },
  { category: 'ps_classic_provider_start', service: 'powershell-classic', eventIds: [600] },
  { category: 'ps_classic_script', service: 'powershell-classic', eventIds: [800] },
  {
    category: 'antivirus',
    service: 'windefend',
    eventIds: [1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116, 1117, 1118, 1119],
  },
];

/** The kernel file provider, which has no channel of its own in most collectors. */
export const KERNEL_FILE_PROVIDER = 'microsoft-windows-kernel-file';
export const KERNEL_FILE_CATEGORIES: ReadonlyMap<number, string> = new Map([
  [12, 'file_access'],
  [19, 'file_rename'],
  [27, 'file_rename'],
]);
