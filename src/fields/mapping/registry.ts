/** All shapes, in the order in which they are asked: the more particular before the more general. */
import {
  azure,
  bitbucket,
  cloudtrail,
  gcp,
  github,
  kubernetes,
  m365,
  okta,
  onelogin,
  opencanary,
  rpcFirewall,
} from './cloud.ts';
import { elasticEndpoint } from './elastic-endpoint.ts';
import { auditd, linuxSyslog } from './linux.ts';
import type { Shape } from './shape.ts';
import { textLine } from './text-line.ts';
import { web } from './web.ts';
import { windowsEvtx } from './windows-evtx.ts';
import { windowsFlat } from './windows-flat.ts';
import { windowsWinlogbeat } from './windows-winlogbeat.ts';
import { zeek } from './zeek.ts';

/** A fresh set: shapes keep bounded caches of their own. */
export function shapes(): readonly Shape[] {
  return [
    windowsFlat(),
    windowsWinlogbeat(),
    windowsEvtx(),
    zeek(),
    cloudtrail,
    m365,
    okta,
    gcp,
    azure,
    github,
    bitbucket,
    onelogin,
    kubernetes,
    opencanary,
    rpcFirewall,
    auditd,
    elasticEndpoint,
    web,
    linuxSyslog(),
    textLine(),
  ];
}
