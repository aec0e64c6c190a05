import { describe, expect, it } from 'vitest';
import { auditLine, lineHost, syslogHeader } from './syslog-line.ts';

const RECORD = 'type=SYSCALL msg=audit(1772359200.123:10): pid=1';
const HEADERS: readonly (readonly [head: string, host: string | undefined])[] = [
  ['', undefined],
  ['node=web1.example.org ', 'web1.example.org'],
  ['Mar  1 10:00:00 relay audispd: node=web1 ', 'web1'],
  ['Mar  1 10:00:00 web2 audispd[812]: ', 'web2'],
  ['<13>2026-03-01T10:00:00.5+01:00 web3 audisp-syslog: ', 'web3'],
  ['<14>1 2026-03-01T10:00:00Z web4 audispd 812 - - ', 'web4'],
  ['<14>1 2026-03-01T10:00:00Z - audispd 812 - [x@1 a="b"] ', undefined],
];

describe('a record of the audit log in a line', () => {
  it.each(HEADERS)('is found behind "%s", with its machine', (head, host) => {
    const line = head + RECORD;
    expect(auditLine(line)).toEqual({ at: head.length, host });
    expect(lineHost(line)).toBe(host);
  });

  it('is none where it stands in the middle of a text', () => {
    for (const line of [`x ${RECORD}`, `Mar  1 10:00:00 web1 app: said ${RECORD}`, 'node=a b'])
      expect(auditLine(line)).toBeUndefined();
  });
});

it('names host and program of a syslog line', () => {
  expect(syslogHeader('Mar  1 10:00:00 web1 sshd[1]: Failed')).toEqual({ host: 'web1', program: 'sshd', at: 30 });
  expect(lineHost('<34>1 - web9 su - ID47 - failed')).toBe('web9');
  expect(lineHost('no header at all')).toBeUndefined();
});
