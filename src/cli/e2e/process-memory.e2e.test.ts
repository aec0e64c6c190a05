/** Parents that the log does not name: the three README rules through `flint scan` on raw process events, and what alerts show. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../core/alert.ts';
import { FLINT_MAIN, FlintProcess, temporaryFolder, total } from '../../testing/flint-process.ts';
import { type CaseProcess, README_CASES } from '../../testing/readme-cases.ts';

const RULES = fileURLToPath(new URL('../../../conformance/flux/readme-rules.yml', import.meta.url));
const folder = temporaryFolder();
afterAll(() => folder.remove());

type Fields = Readonly<Record<string, unknown>>;
/** One process start as a log source writes it; `parent` is undefined for the first of a case. */
type Spelling = (
  host: string,
  at: string,
  process: CaseProcess,
  pid: number,
  parent: CaseProcess | undefined,
) => Fields;

const header = (host: string, at: string, channel: string, provider: string, id: number): Fields => ({
  SourceName: provider,
  Channel: channel,
  Hostname: host,
  '@timestamp': at,
  EventID: id,
});

const security: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid) => ({
  ...header(host, at, 'Security', Provider_Name ?? 'Microsoft-Windows-Security-Auditing', 4688),
  SubjectUserName: 'bob',
  NewProcessId: `0x${pid.toString(16)}`,
  ProcessId: `0x${(pid - 4).toString(16)}`,
  ...(Image !== undefined && { NewProcessName: Image }),
  ...(CommandLine !== undefined && { CommandLine }),
});

/** Newer systems name the parent's image, never its command line. */
const securityWithParent: Spelling = (host, at, process, pid, parent) => ({
  ...security(host, at, process, pid, parent),
  ...(parent?.Image !== undefined && { ParentProcessName: parent.Image }),
});

const sysmon: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid, parent) => ({
  ...header(host, at, 'Microsoft-Windows-Sysmon/Operational', Provider_Name ?? 'Microsoft-Windows-Sysmon', 1),
  ProcessGuid: `{${host}-${pid}}`,
  ProcessId: String(pid),
  ParentProcessGuid: `{${host}-${pid - 4}}`,
  ParentProcessId: String(pid - 4),
  ...(Image !== undefined && { Image }),
  ...(CommandLine !== undefined && { CommandLine }),
  ...(parent?.Image !== undefined && { ParentImage: parent.Image }),
  ...(parent?.CommandLine !== undefined && { ParentCommandLine: parent.CommandLine }),
});

/** Sysmon whose shipper drops the parent's fields to save room. */
const sysmonWithoutParent: Spelling = (host, at, process, pid) =>
  Object.fromEntries(
    Object.entries(sysmon(host, at, process, pid, undefined)).filter(([name]) => !/^Parent(Image|Command)/.test(name)),
  );

const ecs: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid) => ({
  '@timestamp': at,
  host: { name: host, os: { type: 'windows' } },
  event: { category: ['process'], type: ['start'] },
  ...(Provider_Name !== undefined && { Provider_Name }),
  process: {
    pid,
    parent: { pid: pid - 4 },
    ...(Image !== undefined && { executable: Image }),
    ...(CommandLine !== undefined && { command_line: CommandLine }),
  },
});

const winlogbeat: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid) => ({
  '@timestamp': at,
  winlog: {
    event_id: 4688,
    channel: 'Security',
    provider_name: Provider_Name ?? 'Microsoft-Windows-Security-Auditing',
    computer_name: host,
    event_data: {
      NewProcessId: `0x${pid.toString(16)}`,
      ProcessId: `0x${(pid - 4).toString(16)}`,
      ...(Image !== undefined && { NewProcessName: Image }),
      ...(CommandLine !== undefined && { CommandLine }),
    },
  },
});

const defender: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid) => ({
  Timestamp: at,
  DeviceName: host,
  ActionType: 'ProcessCreated',
  ProcessId: pid,
  InitiatingProcessId: pid - 4,
  ...(Provider_Name !== undefined && { Provider_Name }),
  ...(Image !== undefined && { FolderPath: Image }),
  ...(CommandLine !== undefined && { ProcessCommandLine: CommandLine }),
});

const defenderExport: Spelling = (host, at, process, pid, parent) => ({
  ...{ time: at, category: 'AdvancedHunting-DeviceProcessEvents', operationName: 'Publish', tenantId: 't' },
  ...(process.Provider_Name !== undefined && { Provider_Name: process.Provider_Name }),
  properties: defender(host, at, process, pid, parent),
});

const crowdStrike: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid) => ({
  timestamp: String(Date.parse(at)),
  ...{ event_platform: 'Win', aid: `aid-${host}`, ComputerName: host, event_simpleName: 'ProcessRollup2' },
  TargetProcessId: String(pid),
  ParentProcessId: String(pid - 4),
  ...(Provider_Name !== undefined && { Provider_Name }),
  ...(Image !== undefined && { ImageFileName: Image }),
  ...(CommandLine !== undefined && { CommandLine }),
});

const carbonBlack: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid) => ({
  device_timestamp: at.replace('T', ' ').replace('Z', ' +0000 UTC'),
  ...{ type: 'endpoint.event.procstart', device_os: 'WINDOWS', device_name: host },
  ...{ childproc_pid: pid, childproc_guid: `${host}-${pid}`, process_pid: pid - 4, process_guid: `${host}-${pid - 4}` },
  ...{ parent_pid: 1, parent_guid: `${host}-1` },
  ...(Provider_Name !== undefined && { Provider_Name }),
  ...(Image !== undefined && { childproc_name: Image }),
  ...(CommandLine !== undefined && { target_cmdline: CommandLine }),
});

const osquery: Spelling = (host, at, { Image, CommandLine, Provider_Name }, pid) => ({
  ...{ name: 'process_events', action: 'added', hostIdentifier: host, unixTime: Date.parse(at) / 1000 + 10 },
  ...(Provider_Name !== undefined && { Provider_Name }),
  decorations: { platform: 'windows' },
  columns: {
    ...{ pid: String(pid), parent: String(pid - 4), time: String(Date.parse(at) / 1000) },
    ...(Image !== undefined && { path: Image }),
    ...(CommandLine !== undefined && { cmdline: CommandLine }),
  },
});

function eventsOf(spelling: Spelling): Fields[] {
  return README_CASES.flatMap(({ id, processes }) =>
    processes.map((process, i) =>
      spelling(id, new Date(Date.UTC(2024, 0, 1, 0, 0, i)).toISOString(), process, 400 + 4 * i, processes[i - 1]),
    ),
  );
}

const EXPECTED = README_CASES.flatMap(({ id, processes, fires }) =>
  fires.map((fired) => {
    const [row, rule] = fired.split(':');
    return `${id} ${rule} ${processes[Number(row)]?.CommandLine ?? ''}`;
  }),
);

function scan(args: readonly string[], input: string): Alert[] {
  const run = spawnSync(process.execPath, [FLINT_MAIN, 'scan', '--json', ...args], { input, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Alert);
}

function ndjson(events: readonly Fields[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** The same events as Windows and Sysmon for Linux write them to syslog. */
function xmlLines(events: readonly Fields[]): string {
  const escaped = (value: unknown): string =>
    String(value ?? '').replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  return events
    .map(({ SourceName, Channel, Hostname, '@timestamp': at, EventID, ...data }) => {
      const system =
        `<System><Provider Name="${escaped(SourceName)}"/><EventID>${escaped(EventID)}</EventID><TimeCreated SystemTime="${escaped(at)}"/>` +
        `<Channel>${escaped(Channel)}</Channel><Computer>${escaped(Hostname)}</Computer></System>`;
      const rows = Object.entries(data).map(([name, value]) => `<Data Name="${name}">${escaped(value)}</Data>`);
      return `Jan  1 00:00:00 collector sysmon: <Event>${system}<EventData>${rows.join('')}</EventData></Event>\n`;
    })
    .join('');
}

function shown({ host, rule, process }: Alert): string {
  return `${host?.['name']} ${rule.name} ${process?.['command_line'] ?? ''}`;
}

describe('the three README rules through flint scan, without tags or specification', () => {
  it.each([
    ['Security 4688 of older systems', security],
    ['Security 4688 that names the image of the parent', securityWithParent],
    ['Sysmon 1', sysmon],
    ['Sysmon 1 without fields of the parent', sysmonWithoutParent],
    ['ECS', ecs],
    ['Security 4688 of Winlogbeat', winlogbeat],
    ['Defender', defender],
    ['Defender as Azure exports it', defenderExport],
    ['CrowdStrike', crowdStrike],
    ['Carbon Black Cloud', carbonBlack],
    ['osquery', osquery],
  ] as const)('G1 to G15 hold in %s', (_what, spelling) => {
    const alerts = scan(['--rules', RULES, '-'], ndjson(eventsOf(spelling)));
    expect(alerts.map(shown).sort()).toEqual([...EXPECTED].sort());
  });

  it.each([
    ['Sysmon 1', sysmon],
    ['Sysmon 1 without fields of the parent', sysmonWithoutParent],
    ['Security 4688', security],
  ] as const)('G1 to G15 hold in %s as XML behind a syslog header', (_what, spelling) => {
    const alerts = scan(['--rules', RULES, '-'], xmlLines(eventsOf(spelling)));
    expect(alerts.map(shown).sort()).toEqual([...EXPECTED].sort());
  });

  it('they hold whatever the number of workers, and when parents arrive after their children', () => {
    const events = eventsOf(security);
    const file = join(folder.path, 'security.ndjson');
    writeFileSync(file, ndjson(events));
    const ids = (args: readonly string[], input = ''): string[] =>
      scan(['--rules', RULES, ...args], input)
        .map((alert) => `${alert.event.id} ${shown(alert)}`)
        .sort();
    expect(ids(['--workers', '2', file])).toEqual(ids(['--workers', '1', file]));
    // Filters on the parent cannot hold back an alert that was given before the parent was known: only additions are compared.
    const late = scan(['--rules', RULES, '-'], ndjson([...events].reverse())).map(shown);
    expect(late).toEqual(expect.arrayContaining(EXPECTED.filter((line) => !line.includes(' R1 '))));
  });
});

describe('program starts in the Linux audit log', () => {
  const call = (serial: number, ppid: number, pid: number, exe: string, more = ''): string =>
    `node=h type=SYSCALL msg=audit(17040672${serial}.100:${serial}): arch=c000003e syscall=59 success=yes exit=0 ppid=${ppid} pid=${pid} uid=0 comm="x" exe=${exe} ${more}`;
  const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();
  const log = [
    call(10, 1, 100, '"/usr/sbin/sshd"'),
    call(11, 100, 101, hex('/opt/my tools/bash')),
    `node=h type=EXECVE msg=audit(1704067211.100:11): argc=3 a0="bash" a1="-c" a2=${hex('cat /etc/passwd')}`,
    `node=h type=PROCTITLE msg=audit(1704067211.100:11): proctitle=${hex('bash\0-c\0cat /etc/passwd')}`,
    call(12, 101, 102, '"/usr/bin/cat"'),
    'node=h type=EXECVE msg=audit(1704067212.100:12): argc=2 a0="cat" a1="/etc/passwd"',
    call(13, 101, 102, '"/usr/bin/cat"').replace('success=yes', 'success=no'),
  ];
  const rule = (name: string, id: number, detection: string): string =>
    `title: ${name}\nid: 11111111-0e5c-4c1f-9a55-0d4a4b7a1f0${id}\nlogsource: { category: process_creation, product: linux }\ndetection: { s: { ${detection} }, condition: s }\nlevel: low\n`;

  it('are decoded, put together, and alert once for each rule', () => {
    const rules = join(folder.path, 'audit.yml');
    writeFileSync(
      rules,
      [
        rule('command', 1, "CommandLine|contains: 'cat /etc/passwd'"),
        rule('image', 2, "Image|endswith: '/my tools/bash'"),
        rule('parent', 3, "ParentImage|endswith: '/my tools/bash', Image|endswith: '/cat'"),
        rule('ancestor', 4, "AncestorImage|endswith: '/sshd', ParentCommandLine|contains: 'passwd'"),
      ].join('---\n'),
    );
    const alerts = scan(['--rules', rules, '-'], `${log.join('\n')}\n`);
    const shownOf = ({ event, rule }: Alert): string => `${/:(\d+)\)/.exec(event.original ?? '')?.[1]} ${rule.name}`;
    expect(alerts.map(shownOf).sort()).toEqual(['11 command', '11 image', '12 ancestor', '12 command', '12 parent']);
    const tree = alerts.find(({ rule }) => rule.name === 'ancestor')?.flint.process_tree?.ancestors;
    expect(tree?.map(({ executable }) => executable)).toEqual(['/usr/sbin/sshd', '/opt/my tools/bash']);
  });
});

describe('ancestors in alerts', () => {
  const processes: readonly CaseProcess[] = [
    { Image: 'C:\\Windows\\explorer.exe' },
    { Image: 'C:\\Office\\winword.exe', CommandLine: 'winword /n a.docm' },
    { Image: 'C:\\Windows\\System32\\cmd.exe', CommandLine: 'cmd /c start' },
    { Image: 'C:\\Windows\\System32\\whoami.exe', CommandLine: 'whoami /all' },
  ];
  const rule = join(folder.path, 'ancestor.yml');
  writeFileSync(
    rule,
    [
      'title: descendant of an office program',
      'id: 0f0c1c9f-65f8-4f0e-9a39-1c4e4b1f2a01',
      'logsource: { category: process_creation, product: windows }',
      'detection:',
      '  selection:',
      "    Image|endswith: '\\whoami.exe'",
      "    AncestorImage|endswith: '\\winword.exe'",
      '  condition: selection',
    ].join('\n'),
  );
  const events = processes.map((process, i) =>
    security('W1', new Date(Date.UTC(2024, 0, 1, 0, 0, i)).toISOString(), process, 400 + 4 * i, undefined),
  );

  it('a rule may ask for any ancestor, and the alert lists the whole line with command lines', () => {
    const [alert, ...more] = scan(['--rules', rule, '-'], ndjson(events));
    expect(more).toEqual([]);
    expect(alert?.flint.process_tree).toMatchObject({
      complete: false,
      ancestors: [
        { pid: '400', executable: 'C:\\Windows\\explorer.exe', start: '2024-01-01T00:00:00.000Z' },
        { pid: '404', executable: 'C:\\Office\\winword.exe', command_line: 'winword /n a.docm' },
        { pid: '408', executable: 'C:\\Windows\\System32\\cmd.exe', command_line: 'cmd /c start' },
      ],
    });
    expect(alert?.process).toMatchObject({
      executable: 'C:\\Windows\\System32\\whoami.exe',
      parent: { pid: 408, executable: 'C:\\Windows\\System32\\cmd.exe', name: 'cmd.exe', command_line: 'cmd /c start' },
    });
    expect(alert?.flint.matched.map(({ field }) => field)).toEqual(['Image', 'AncestorImage']);
  });

  it('flint rules explain says which answers came from memory', () => {
    const file = join(folder.path, 'chain.ndjson');
    writeFileSync(file, ndjson(events));
    const run = spawnSync(process.execPath, [FLINT_MAIN, 'rules', 'explain', rule, file], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('line 4: matches descendant of an office program');
    expect(run.stdout).toContain('(process memory: ancestor 408, 404, 400, a further parent is named and unknown)');
    expect(run.stdout).toContain(
      'absent (process memory: no ancestor is known, a further parent is named and unknown)',
    );
  });

  it('flint run answers from memory as well, and keeps it over a reload and a restart', async () => {
    const config = join(folder.path, 'flint.yaml');
    const settings = [
      `data_dir: ${join(folder.path, 'data')}`,
      `rules: [${rule}]`,
      'inputs: ["json+tcp://127.0.0.1:0"]',
      'outputs: ["stdout:"]',
      'http: { listen: "off" }',
      'alerts: { suppress_seconds: 0 }',
    ];
    writeFileSync(config, settings.join('\n'));
    const send = async (flint: FlintProcess, lines: readonly Fields[]): Promise<void> => {
      const socket = connect(await flint.port('json+tcp'), '127.0.0.1');
      await new Promise<void>((resolve) => socket.end(ndjson(lines), () => resolve()));
    };
    const ancestors = async (flint: FlintProcess): Promise<readonly string[] | undefined> => {
      await flint.until(() => flint.stdout.includes('\n'), 'the alert');
      const alert = JSON.parse(flint.stdout.split('\n')[0] ?? '') as Alert;
      return alert.flint.process_tree?.ancestors.map(({ pid }) => pid);
    };
    const flint = new FlintProcess({ args: ['run', '-c', config] });
    await flint.logged('ready');
    await send(flint, events.slice(0, 3));
    flint.signal('SIGHUP');
    await flint.logged('reloaded');
    await send(flint, events.slice(3));
    expect(await ancestors(flint)).toEqual(['400', '404', '408']);
    await flint.stop();

    const again = new FlintProcess({ args: ['run', '-c', config] });
    await again.logged('ready');
    await send(again, events.slice(3));
    expect(await ancestors(again)).toEqual(['400', '404', '408']);
    await again.stop();
  });

  it('flint run takes an alert back when the parent that comes late speaks against it, over a restart as well', async () => {
    const filtered = join(folder.path, 'filtered.yml');
    writeFileSync(
      filtered,
      [
        'title: not of the desktop',
        'id: 0f0c1c9f-65f8-4f0e-9a39-1c4e4b1f2a02',
        'logsource: { category: process_creation, product: windows }',
        'detection:',
        "  selection: { Image|endswith: '\\whoami.exe' }",
        "  known: { ParentImage|endswith: '\\cmd.exe' }",
        '  condition: selection and not known',
      ].join('\n'),
    );
    const config = join(folder.path, 'withdrawn.yaml');
    const settings = [
      `data_dir: ${join(folder.path, 'withdrawn')}`,
      `rules: [${filtered}]`,
      'inputs: ["json+tcp://127.0.0.1:0"]',
      'outputs: ["stdout:"]',
      'http: { listen: "127.0.0.1:0" }',
    ];
    writeFileSync(config, settings.join('\n'));
    const send = async (flint: FlintProcess, lines: readonly Fields[]): Promise<void> => {
      const socket = connect(await flint.port('json+tcp'), '127.0.0.1');
      await new Promise<void>((resolve) => socket.end(ndjson(lines), () => resolve()));
    };
    const given = async (flint: FlintProcess): Promise<Alert> => {
      await flint.until(() => flint.stdout.includes('\n'), 'the alert');
      return JSON.parse(flint.stdout.split('\n')[0] ?? '') as Alert;
    };
    const flint = new FlintProcess({ args: ['run', '-c', config] });
    await flint.logged('ready');
    await send(flint, events.slice(3));
    const first = await given(flint);
    expect(first.flint.withdrawn).toBeUndefined();
    await flint.stop();

    const again = new FlintProcess({ args: ['run', '-c', config] });
    await again.logged('ready');
    await send(again, events.slice(2, 3));
    const second = await given(again);
    expect(second).toMatchObject({
      event: { id: first.event.id },
      rule: { name: 'not of the desktop' },
      flint: { withdrawn: true, matched: [{ field: 'ParentImage', value: 'C:\\Windows\\System32\\cmd.exe' }] },
    });
    expect(total(await again.metrics(), 'flint_engine_alerts_withdrawn')).toBe(1);
    await again.stop();
  });
});
