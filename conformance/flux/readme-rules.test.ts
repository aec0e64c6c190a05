/**
 * The three Sigma rules of the Flux-Capacitor project on raw process events (flux-capacitor.md section 10, G1 to G15): no tags, no
 * specification. Parent fields come from process memory.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../src/core/event.ts';
import { evaluate } from '../../src/match/interpreter.ts';
import { regexProblem } from '../../src/match/regex.ts';
import { eventSubject } from '../../src/match/subject.ts';
import { loadSigma } from '../../src/rules/sigma/load.ts';
import { processEventOf } from '../../src/state/process/process-event.ts';
import { DERIVED_PROCESS_FIELDS, withProcessFields } from '../../src/state/process/process-fields.ts';
import { ProcessMemory } from '../../src/state/process/process-memory.ts';

const text = readFileSync(new URL('readme-rules.yml', import.meta.url), 'utf8');
const { detections, diagnostics } = loadSigma([{ path: 'readme-rules.yml', text }], { regexProblem });

interface Process {
  readonly Image?: string;
  readonly CommandLine?: string | null;
  readonly Provider_Name?: string;
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

function rundll(CommandLine: string | null): Process {
  return { Image: 'C:\\Windows\\System32\\rundll32.exe', CommandLine };
}

/** Parents first; expected are the rules that fire, as "row:rule". */
const CASES: readonly (readonly [string, readonly Process[], readonly string[]])[] = [
  ['G1', [CMD, rundll('rundll32 evil.txt')], ['1:R1']],
  ['G2', [CMD, rundll('rundll32 a.dll,X')], []],
  ['G3', [CMD, rundll(null)], []],
  ['G4', [IE, rundll('rundll32 x.cpl')], []],
  ['G5', [IE, rundll('rundll32 x.txt')], ['1:R1']],
  ['G6', [MSI, rundll('rundll32 x.tmp')], []],
  ['G7', [SPLUNK, rundll('rundll32 x.tmp')], []],
  ['G8', [CONHOST, { Image: 'C:\\x\\a.exe', CommandLine: 'a' }], ['1:R2']],
  ['G9', [GIT_SHOW, { Image: 'C:\\Git\\git.exe' }], []],
  ['G10', [GIT_SHOW, { Image: 'C:\\x\\a.exe' }], ['1:R2']],
  ['G11', [CONHOST, { Image: 'C:\\x\\a.exe', Provider_Name: 'SystemTraceProvider-Process' }], []],
  ['G12', [WMI, { Image: 'C:\\Windows\\System32\\cmd.exe', CommandLine: LATERAL_LINE }], ['1:R3']],
  ['G13', [{ CommandLine: SVCHOST_LINE }, { CommandLine: ATEXEC_LINE }], ['1:R3']],
  ['G14', [{ CommandLine: ATEXEC_LINE }, { CommandLine: SVCHOST_LINE }], []],
  ['G15', [WMI, { Image: 'C:\\x.exe' }, { Image: 'C:\\Windows\\System32\\cmd.exe', CommandLine: LATERAL_LINE }], []],
];

describe('the three README rules on raw process events', () => {
  it('load', () => {
    expect(diagnostics).toEqual([]);
    expect(detections.map(({ details }) => details.name)).toEqual(['R1', 'R2', 'R3']);
  });

  it.each(CASES)('%s', (_id, processes, expected) => {
    const memory = new ProcessMemory();
    const fired = processes.flatMap((process, index) => {
      const fields = {
        host_id: 'H',
        id: String(100 + index),
        parent_id: index === 0 ? '' : String(99 + index),
        ...process,
      } as EventObject;
      const event = processEventOf(fields, index * 1000);
      if (event !== undefined) memory.observe(event, undefined);
      const seen = eventSubject(withProcessFields(memory, fields, event, DERIVED_PROCESS_FIELDS.keys()));
      return detections.flatMap(({ predicate, details }) =>
        evaluate(predicate, seen) ? [`${index}:${details.name}`] : [],
      );
    });
    expect(fired).toEqual(expected);
  });
});
