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
import { azureEcs, cloudtrailEcs, githubEcs, m365Ecs, oktaEcs } from './cloud-ecs.ts';
import { auditdEcs, elasticEndpoint } from './elastic-endpoint.ts';
import { edr } from './edr.ts';
import { auditd, linuxSyslog } from './linux.ts';
import { ciscoDuo, fortigate } from './network-devices.ts';
import type { Shape } from './shape.ts';
import { suricata } from './suricata.ts';
import { shippedAuditLine, textLine } from './text-line.ts';
import { web } from './web.ts';
import { windowsEvtx } from './windows-evtx.ts';
import { windowsFlat } from './windows-flat.ts';
import { windowsGelf } from './windows-gelf.ts';
import { windowsWinlogbeat } from './windows-winlogbeat.ts';
import { zeek } from './zeek.ts';

/** A fresh set: shapes keep bounded caches of their own. */
export function shapes(): readonly Shape[] {
  return [
    windowsFlat(),
    windowsWinlogbeat(),
    windowsEvtx(),
    zeek(),
    edr,
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
    auditdEcs,
    cloudtrailEcs,
    oktaEcs,
    m365Ecs,
    githubEcs,
    azureEcs,
    elasticEndpoint,
    suricata,
    windowsGelf(),
    ciscoDuo,
    fortigate,
    web,
    shippedAuditLine,
    linuxSyslog(),
    textLine(),
  ];
}
