/**
 * Audit logs of clouds and services as Elastic's integrations and Filebeat write them: the data set says which, the names that rules use
 * stand in ECS fields and in the integration's own object. The pipelines `ecs_*` say the same for rules.
 */
import type { EventObject } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { namedShape } from './named-shape.ts';
import type { Shape } from './shape.ts';
import { askedText } from './traced-fields.ts';

type Row = readonly [name: string, path: string];

interface Integration {
  readonly name: string;
  readonly summary: string;
  readonly sources: Readonly<Record<string, EventSource>>;
  readonly rows: readonly Row[];
  readonly prefixes?: readonly string[];
}

function integration({ name, summary, sources, rows, prefixes = [] }: Integration): Shape {
  const known = new Map(Object.entries(sources));
  const sourceOf = (fields: EventObject): EventSource | undefined =>
    known.get(askedText(fields, 'event.dataset') ?? askedText(fields, 'data_stream.dataset') ?? '');
  return namedShape({
    name,
    summary,
    rows,
    prefixes,
    recognises: (fields) => sourceOf(fields) !== undefined,
    sourceOf: (fields) => sourceOf(fields) as EventSource,
  });
}

const under = (prefix: string, names: readonly Row[]): readonly Row[] =>
  names.map(([name, path]) => [name, `${prefix}.${path}`]);

export const cloudtrailEcs = integration({
  name: 'aws-cloudtrail-ecs',
  summary: 'AWS CloudTrail by Elastic (event.dataset aws.cloudtrail)',
  sources: { 'aws.cloudtrail': eventSource('aws', [], ['cloudtrail']) },
  rows: [
    ['eventSource', 'event.provider'],
    ['eventName', 'event.action'],
    ['eventTime', '@timestamp'],
    ['eventID', 'event.id'],
    ['awsRegion', 'cloud.region'],
    ['sourceIPAddress', 'source.address'],
    ['sourceIPAddress', 'source.ip'],
    ['userAgent', 'user_agent.original'],
    ['recipientAccountId', 'cloud.account.id'],
    ['userIdentity.userName', 'user.name'],
    ...under('aws.cloudtrail', [
      ['errorCode', 'error_code'],
      ['errorMessage', 'error_message'],
      ['eventType', 'event_type'],
      ['eventCategory', 'event_category'],
      ['userIdentity.type', 'user_identity.type'],
      ['userIdentity.arn', 'user_identity.arn'],
      ['userIdentity.invokedBy', 'user_identity.invoked_by'],
      ['userIdentity.accessKeyId', 'user_identity.access_key_id'],
      ['userIdentity.sessionContext.sessionIssuer.type', 'user_identity.session_context.session_issuer.type'],
      ['userIdentity.sessionContext.sessionIssuer.arn', 'user_identity.session_context.session_issuer.arn'],
    ]),
    ...under('aws.cloudtrail.flattened', [
      ['requestParameters', 'request_parameters'],
      ['responseElements', 'response_elements'],
      ['additionalEventData', 'additional_eventdata'],
      ['serviceEventDetails', 'service_event_details'],
    ]),
  ],
});

export const oktaEcs = integration({
  name: 'okta-ecs',
  summary: 'Okta system log by Elastic (event.dataset okta.system)',
  sources: { 'okta.system': eventSource('okta', [], ['okta']) },
  rows: under('okta', [
    ['eventType', 'event_type'],
    ['eventtype', 'event_type'],
    ['displayMessage', 'display_message'],
    ['displaymessage', 'display_message'],
    ['severity', 'severity'],
    ['outcome.result', 'outcome.result'],
    ['outcome.reason', 'outcome.reason'],
    ['actor.alternateId', 'actor.alternate_id'],
    ['actor.alternateid', 'actor.alternate_id'],
    ['actor.displayName', 'actor.display_name'],
    ['actor.type', 'actor.type'],
    ['client.ipAddress', 'client.ip'],
    ['securityContext.isProxy', 'security_context.is_proxy'],
    ['securitycontext.isproxy', 'security_context.is_proxy'],
    ['target.alternateId', 'target.alternate_id'],
    ['debugContext.debugData', 'debug_context.debug_data.flattened'],
  ]),
});

export const m365Ecs = integration({
  name: 'm365-ecs',
  summary: 'Microsoft 365 audit log by Elastic (event.dataset o365.audit)',
  sources: { 'o365.audit': eventSource('m365', [], ['audit', 'exchange', 'threat_management', 'threat_detection']) },
  rows: [
    ['Operation', 'o365.audit.Operation'],
    ['Operation', 'event.action'],
    ['eventName', 'event.action'],
    ['Workload', 'o365.audit.Workload'],
    ['Workload', 'event.provider'],
    ['eventSource', 'event.provider'],
    ['UserId', 'user.id'],
    ['ClientIP', 'source.ip'],
    ['ResultStatus', 'event.outcome'],
    ['status', 'event.outcome'],
  ],
  prefixes: ['o365.audit'],
});

export const githubEcs = integration({
  name: 'github-ecs',
  summary: 'GitHub audit log by Elastic (event.dataset github.audit)',
  sources: { 'github.audit': eventSource('github', [], ['audit']) },
  rows: [
    ['action', 'event.action'],
    ['actor', 'user.name'],
    ['created_at', '@timestamp'],
  ],
  prefixes: ['github'],
});

const AUDIT_ROWS = under('azure.auditlogs', [
  ['properties.message', 'operation_name'],
  ['Operation', 'operation_name'],
  ['ActivityDisplayName', 'properties.activity_display_name'],
  ['LoggedByService', 'properties.logged_by_service'],
  ['Result', 'properties.result'],
]);
const SIGNIN_ROWS = under('azure.signinlogs', [
  ['ResultType', 'properties.status.error_code'],
  ['ResultType', 'result_type'],
  ['ResultDescription', 'result_description'],
  ['Resultdescription', 'result_description'],
  ['AppDisplayName', 'properties.app_display_name'],
  ['AppId', 'properties.app_id'],
  ['ClientApp', 'properties.client_app_used'],
  ['ClientAppUsed', 'properties.client_app_used'],
  ['ConditionalAccessStatus', 'properties.conditional_access_status'],
  ['AuthenticationRequirement', 'properties.authentication_requirement'],
  ['ResourceDisplayName', 'properties.resource_display_name'],
  ['Username', 'properties.user_principal_name'],
]);

export const azureEcs = integration({
  name: 'azure-ecs',
  summary: 'Azure activity, Entra audit, sign-in and risk logs by Elastic (event.dataset azure.…)',
  sources: {
    'azure.activitylogs': eventSource('azure', [], ['activitylogs']),
    'azure.auditlogs': eventSource('azure', [], ['auditlogs', 'pim']),
    'azure.signinlogs': eventSource('azure', [], ['signinlogs']),
    'azure.identity_protection': eventSource('azure', [], ['riskdetection', 'pim']),
  },
  rows: [
    ...['operationName', 'OperationName', 'OperationNameValue'].flatMap((name): Row[] => [
      [name, 'azure.activitylogs.operation_name'],
      [name, 'azure.auditlogs.operation_name'],
      [name, 'azure.signinlogs.operation_name'],
    ]),
    ['CategoryValue', 'azure.activitylogs.category'],
    ['Category', 'azure.auditlogs.properties.category'],
    ['ResourceProviderValue', 'azure.resource.provider'],
    ['ResourceId', 'azure.resource.id'],
    ['resultType', 'azure.activitylogs.result_type'],
    ['Status', 'azure.auditlogs.properties.result'],
    ['Status', 'azure.signinlogs.result_description'],
    ['status', 'event.outcome'],
    ['userAgent', 'user_agent.original'],
    ['Location', 'source.geo.country_iso_code'],
    ['riskEventType', 'azure.identity_protection.properties.risk_event_type'],
    ...AUDIT_ROWS,
    ...SIGNIN_ROWS,
  ],
});
