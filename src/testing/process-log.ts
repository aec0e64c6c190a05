/**
 * A log of processes on a few machines, as several loggers tell of them, and rules that need remembered processes for it: parents named
 * by id alone, starts that come after what the process did, ids used again, audit events in several records, and much that matters to
 * no rule, restarts of machines among it. Seeded; lines are in no strict order of time.
 */
import type { Random } from './random.ts';

export const PROCESS_RULES = `title: Shell of an office program
name: office_shell
id: a1111111-1111-4111-8111-111111111111
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\cmd.exe', ParentImage|endswith: '\\winword.exe'}, condition: s}
---
title: Grandchild of an office program
id: a2222222-2222-4222-8222-222222222222
logsource: {product: windows, category: process_creation}
detection: {s: {GrandparentImage|endswith: '\\winword.exe'}, condition: s}
---
title: Somewhere below an office program
name: below_office
id: a3333333-3333-4333-8333-333333333333
logsource: {product: windows, category: process_creation}
detection: {s: {AncestorImage|endswith: '\\winword.exe', Image|endswith: '\\whoami.exe'}, condition: s}
---
title: Not started by the desktop
id: a4444444-4444-4444-8444-444444444444
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: '\\whoami.exe'}
  known: {ParentImage|endswith: '\\explorer.exe'}
  condition: s and not known
---
title: Written by a shell of an office program
id: a5555555-5555-4555-8555-555555555555
logsource: {product: windows, category: file_event}
detection: {s: {TargetFilename|endswith: '.ps1', ParentImage|endswith: '\\winword.exe'}, condition: s}
---
title: Whoever asks who it is
name: who
id: a6666666-6666-4666-8666-666666666666
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\whoami.exe'}, condition: s}
---
title: A word anywhere
id: a7777777-7777-4777-8777-777777777777
logsource: {product: windows}
detection: {keywords: ['*evilword*'], condition: keywords}
---
title: Many questions below one program
id: a8888888-8888-4888-8888-888888888888
correlation:
  type: event_count
  rules: [who]
  group-by: [ParentImage]
  timespan: 10m
  condition: {gte: 3}
  generate: true
---
title: Shell first, question then
id: a9999999-9999-4999-8999-999999999999
correlation:
  type: temporal_ordered
  rules: [office_shell, below_office]
  group-by: [Computer]
  timespan: 20m
  generate: true
---
title: Audited child of a shell
id: b1111111-1111-4111-8111-111111111111
logsource: {product: linux, service: auditd}
detection: {s: {CommandLine|contains: 'secret', ParentImage|endswith: /bash}, condition: s}
`;

const IMAGES = ['winword.exe', 'cmd.exe', 'whoami.exe', 'explorer.exe', 'svchost.exe'];
const SYSMON = 'Microsoft-Windows-Sysmon/Operational';

/** So many lines, each with its line feed, of so many characters at least. */
export function processLog(random: Random, count: number, lineCharacters = 0): string[] {
  let timeMs = Date.parse('2026-03-01T10:00:00Z');
  const at = (): string => new Date(timeMs - (random.chance(0.2) ? random.int(20_000) : 0)).toISOString();
  const pid = (): number => 4 + random.int(24);
  const image = (): string => `C:\\Windows\\${random.pick(IMAGES)}`;
  const makers: readonly (() => object)[] = [
    () => ({
      ...{ '@timestamp': at(), Channel: 'Security', EventID: 4688, SubjectUserName: 'bob' },
      ...{ NewProcessId: `0x${pid().toString(16)}`, ProcessId: `0x${pid().toString(16)}`, NewProcessName: image() },
      ...(random.chance(0.3) && { ParentProcessName: image() }),
    }),
    () => ({
      ...{ UtcTime: at(), Channel: SYSMON, EventID: 1, ProcessId: String(pid()), ParentProcessId: String(pid()) },
      ...{ Image: image(), CommandLine: random.chance(0.05) ? 'x evilword y' : 'x', User: random.pick(['u1', 'u2']) },
      ...(random.chance(0.5) && { ParentImage: image() }),
    }),
    () => ({ UtcTime: at(), Channel: SYSMON, EventID: 5, ProcessId: String(pid()), Image: image() }),
    () => ({
      ...{ UtcTime: at(), Channel: SYSMON, EventID: 11, ProcessId: String(pid()), Image: image() },
      TargetFilename: `C:\\Temp\\${random.pick(['a.ps1', 'b.txt', 'c.ps1'])}`,
    }),
    () => ({ '@timestamp': at(), Channel: 'Security', EventID: 4689, ProcessId: `0x${pid().toString(16)}` }),
    () => ({ UtcTime: at(), Channel: SYSMON, EventID: 3, ProcessId: String(pid()), DestinationIp: '192.0.2.7' }),
    () => {
      // Records of one audit event are several lines apart.
      const audit = {
        '@timestamp': at(),
        Computer: 'lin1',
        msg: `audit(${Math.floor(timeMs / 60_000) * 60}.123:${random.int(5)})`,
      };
      const shell = random.chance(0.5) ? '/bin/bash' : '/usr/bin/cat';
      return random.chance(0.5)
        ? { ...audit, type: 'EXECVE', argc: 2, a0: 'cat', a1: random.pick(['secret', 'plain']) }
        : { ...audit, type: 'SYSCALL', syscall: 59, success: 'yes', pid: pid(), ppid: pid(), exe: shell };
    },
    () => ({
      ...{ '@timestamp': at(), ActionType: random.pick(['ProcessCreated', 'ProcessCreated', 'FileCreated']) },
      ...{ ProcessId: pid(), InitiatingProcessId: pid(), FolderPath: image() },
      ...(random.chance(0.3) && { InitiatingProcessFolderPath: image() }),
    }),
    () => ({
      ...{ '@timestamp': at(), event_simpleName: random.pick(['ProcessRollup2', 'ProcessRollup2', 'EndOfProcess']) },
      ...{ event_platform: 'Win', TargetProcessId: pid(), ParentProcessId: pid(), ImageFileName: image() },
    }),
    () => {
      if (!random.chance(0.15)) return { UtcTime: at(), Channel: SYSMON, SourceName: 'Sysmon', EventID: 12 };
      const security = { Channel: 'Security', SourceName: 'Microsoft-Windows-Security-Auditing', EventID: 4608 };
      const system = { Channel: 'System', SourceName: 'Microsoft-Windows-Kernel-General', EventID: 12 };
      return { '@timestamp': at(), ...random.pick([security, { ...system, StartTime: at() }]) };
    },
    () => ({ '@timestamp': at(), message: 'nothing to see', n: random.int(1000), url: 'http://bad.example.net/x' }),
  ];
  return Array.from({ length: count }, (_, n) => {
    timeMs += random.int(2000);
    const event = { Computer: random.pick(['pc1', 'pc2', 'pc3']), n, ...random.pick(makers)() };
    const text = JSON.stringify(event);
    const filler = Math.max(0, lineCharacters - text.length - 14);
    return filler === 0 ? `${text}\n` : `${JSON.stringify({ ...event, filler: 'y'.repeat(filler) })}\n`;
  });
}

export const AUDIT_RULES = `title: Reads the secret
name: reads_secret
id: b2222222-2222-4222-8222-222222222222
logsource: {product: linux, service: auditd}
detection: {s: {CommandLine|contains: secret, Image|endswith: /cat}, condition: s}
---
title: Below a shell, asked of the list of arguments
id: b3333333-3333-4333-8333-333333333333
logsource: {product: linux, service: auditd}
detection: {s: {type: EXECVE, a1: secret, AncestorImage|endswith: /bash}, condition: s}
---
title: Not below a shell
id: b4444444-4444-4444-8444-444444444444
logsource: {product: linux, service: auditd}
detection: {s: {CommandLine|contains: secret}, shell: {AncestorImage|endswith: /bash}, condition: s and not shell}
---
title: Many secrets
id: b5555555-5555-4555-8555-555555555555
correlation:
  type: event_count
  rules: [reads_secret]
  group-by: [Computer]
  timespan: 4s
  condition: {gte: 2}
  generate: true
`;

/** Audit records with few numbers, two machines and no order between the records of one start. */
export function auditLog(random: Random, count: number): string[] {
  let timeMs = Date.parse('2026-03-01T10:00:00Z');
  return Array.from({ length: count }, (_, n) => {
    timeMs += random.int(1000);
    // Those of one time stand in all files that begin alike.
    const second = 1_772_359_200 + Math.floor(n / 20);
    const id = {
      Computer: random.pick(['lin1', 'lin2']),
      msg: `audit(${second}.${100 + random.int(3)}:${random.int(4)})`,
    };
    const at = { '@timestamp': new Date(timeMs).toISOString(), ...id };
    const record = random.pick([
      { type: 'EXECVE', argc: 2, a0: 'cat', a1: random.pick(['secret', 'plain']) },
      { type: 'CWD', cwd: '/tmp' },
      {
        ...{ type: 'SYSCALL', syscall: 59, success: 'yes', pid: 4 + random.int(24), ppid: 4 + random.int(24) },
        exe: random.pick(['/bin/bash', '/usr/bin/cat', '/usr/bin/python']),
      },
    ]);
    return JSON.stringify({ ...at, ...record });
  });
}
