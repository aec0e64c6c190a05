/**
 * The acceptance rows G1 to G15 of the three Sigma rules that the Flux-Capacitor project shows (flux-capacitor.md section 10), as
 * processes, parents first, with the rules that must fire as `row:rule`. The rules stand in `conformance/flux/readme-rules.yml`.
 */
export interface CaseProcess {
  readonly Image?: string;
  readonly CommandLine?: string | null;
  readonly Provider_Name?: string;
}

export interface ReadmeCase {
  readonly id: string;
  readonly processes: readonly CaseProcess[];
  readonly fires: readonly string[];
}

const CMD = { Image: 'C:\\x\\cmd.exe' };
const IE = { Image: 'C:\\Program Files\\Internet Explorer\\iexplore.exe' };
const MSI = {
  Image: 'C:\\Windows\\SysWOW64\\msiexec.exe',
  CommandLine: 'C:\\Windows\\syswow64\\MsiExec.exe -Embedding 1',
};
const SPLUNK = {
  Image: 'C:\\Windows\\System32\\cmd.exe',
  CommandLine: 'cmd /c C:\\Program Files\\SplunkUniversalForwarder\\bin\\x',
};
const CONHOST = { Image: 'C:\\Windows\\System32\\conhost.exe' };
const GIT_SHOW = { ...CONHOST, CommandLine: 'git show --textconv :f' };
const WMI = { Image: 'C:\\Windows\\System32\\wbem\\WmiPrvSE.exe' };
const SVCHOST_LINE = 'svchost.exe -k netsvcs';
const LATERAL_LINE = 'cmd.exe /Q /c dir 1> \\\\127.0.0.1\\ADMIN$\\x 2>&1';
const ATEXEC_LINE = 'cmd.exe /C tasklist > C:\\Windows\\Temp\\a.tmp 2>&1';
const LATERAL = { Image: 'C:\\Windows\\System32\\cmd.exe', CommandLine: LATERAL_LINE };

export const README_CASES: readonly ReadmeCase[] = [
  { id: 'G1', processes: [CMD, rundll('rundll32 evil.txt')], fires: ['1:R1'] },
  { id: 'G2', processes: [CMD, rundll('rundll32 a.dll,X')], fires: [] },
  { id: 'G3', processes: [CMD, rundll(null)], fires: [] },
  { id: 'G4', processes: [IE, rundll('rundll32 x.cpl')], fires: [] },
  { id: 'G5', processes: [IE, rundll('rundll32 x.txt')], fires: ['1:R1'] },
  { id: 'G6', processes: [MSI, rundll('rundll32 x.tmp')], fires: [] },
  { id: 'G7', processes: [SPLUNK, rundll('rundll32 x.tmp')], fires: [] },
  { id: 'G8', processes: [CONHOST, { Image: 'C:\\x\\a.exe', CommandLine: 'a' }], fires: ['1:R2'] },
  { id: 'G9', processes: [GIT_SHOW, { Image: 'C:\\Git\\git.exe' }], fires: [] },
  { id: 'G10', processes: [GIT_SHOW, { Image: 'C:\\x\\a.exe' }], fires: ['1:R2'] },
  {
    id: 'G11',
    processes: [CONHOST, { Image: 'C:\\x\\a.exe', Provider_Name: 'SystemTraceProvider-Process' }],
    fires: [],
  },
  { id: 'G12', processes: [WMI, LATERAL], fires: ['1:R3'] },
  { id: 'G13', processes: [{ CommandLine: SVCHOST_LINE }, { CommandLine: ATEXEC_LINE }], fires: ['1:R3'] },
  { id: 'G14', processes: [{ CommandLine: ATEXEC_LINE }, { CommandLine: SVCHOST_LINE }], fires: [] },
  { id: 'G15', processes: [WMI, { Image: 'C:\\x.exe' }, LATERAL], fires: [] },
];

function rundll(CommandLine: string | null): CaseProcess {
  return { Image: 'C:\\Windows\\System32\\rundll32.exe', CommandLine };
}
