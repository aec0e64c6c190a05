/** Severity of syslog and GELF (RFC 5424 section 6.2.1) from the alert's 0 to 100: 2 critical, 3 error, 4 warning, 5 notice, 6 informational. */
export function syslogSeverity(severity: number): number {
  if (severity >= 90) return 2;
  if (severity >= 70) return 3;
  if (severity >= 50) return 4;
  if (severity >= 30) return 5;
  return 6;
}
