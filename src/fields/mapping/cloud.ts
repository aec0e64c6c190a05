/**
 * Audit logs of clouds and services, each recognised by two or more of its own fields. Sigma uses their native names, so the
 * view is the record itself; where Sigma's rules assume a wrapper or a rename, that is added.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import { parseInnerJson } from '../../core/inner-json.ts';
import type { RecordPlace } from '../../core/record-place.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { doubtful, plainView, spellings } from './record-view.ts';
import type { Shape } from './shape.ts';
import { aliasTable } from './shape.ts';
import { classOf, hasText } from './traced-fields.ts';
import { aliasedEvent, type FieldAliases, plainEvent } from '../../core/rule-event.ts';

function fixed(
  name: string,
  summary: string,
  source: EventSource,
  recognises: (fields: EventObject) => boolean,
): Shape {
  return {
    name,
    summary,
    recognises,
    view: (fields) => ({ event: plainEvent(fields), source }),
    recordView: () => plainView(source),
  };
}

function has(fields: EventObject, ...names: readonly string[]): boolean {
  return names.every((name) => Object.hasOwn(fields, name));
}

const CLOUDTRAIL = eventSource('aws', [], ['cloudtrail']);

/** The record itself, or the event that `lookup-events` wraps as JSON text in `CloudTrailEvent`. */
export const cloudtrail: Shape = {
  name: 'aws-cloudtrail',
  summary: 'AWS CloudTrail records',
  recognises: (fields) =>
    (has(fields, 'eventSource', 'eventName') &&
      (has(fields, 'awsRegion') || has(fields, 'userIdentity') || has(fields, 'eventVersion'))) ||
    (has(fields, 'CloudTrailEvent', 'EventSource') && typeof fields['CloudTrailEvent'] === 'string'),
  view: (fields) => ({ event: plainEvent(unwrapped(fields)), source: CLOUDTRAIL }),
  recordView: (fields) => (has(fields, 'eventSource') ? plainView(CLOUDTRAIL) : undefined),
};

function unwrapped(fields: EventObject): EventObject {
  const text = Object.hasOwn(fields, 'CloudTrailEvent') ? fields['CloudTrailEvent'] : undefined;
  if (typeof text !== 'string' || has(fields, 'eventSource')) return fields;
  const inner = parseInnerJson(text);
  return inner !== undefined && isEventObject(inner) ? { ...fields, ...inner } : fields;
}

export const okta = fixed(
  'okta',
  'Okta system log',
  eventSource('okta', [], ['okta']),
  (fields) =>
    has(fields, 'eventType', 'actor') &&
    (has(fields, 'debugContext') ||
      has(fields, 'legacyEventType') ||
      has(fields, 'securityContext') ||
      // What is left where shippers keep less.
      has(fields, 'displayMessage', 'outcome') ||
      has(fields, 'uuid', 'published')),
);

export const m365: Shape = {
  name: 'm365',
  summary: 'Microsoft 365 unified audit log and Defender for Cloud Apps',
  recognises: (fields) =>
    (has(fields, 'Workload', 'Operation') &&
      (has(fields, 'RecordType') || has(fields, 'OrganizationId') || has(fields, 'UserId'))) ||
    (has(fields, 'eventSource', 'eventName') && textOf(fields, 'eventSource') === 'SecurityComplianceCenter'),
  view: (fields) => ({
    event: plainEvent(fields),
    source: has(fields, 'Workload') ? M365_AUDIT : M365_COMPLIANCE,
  }),
  recordView: (fields) => plainView(has(fields, 'Workload') ? M365_AUDIT : M365_COMPLIANCE),
};
const M365_AUDIT = eventSource('m365', [], ['audit', 'exchange', 'threat_management', 'threat_detection']);
const M365_COMPLIANCE = eventSource('m365', [], ['threat_management', 'threat_detection', 'exchange']);

export const github = fixed(
  'github',
  'GitHub audit log',
  eventSource('github', [], ['audit']),
  (fields) =>
    has(fields, 'actor') &&
    (has(fields, '_document_id') || has(fields, 'org') || has(fields, 'created_at') || has(fields, 'business')) &&
    /^[a-z_]+\.[a-z_.]+$/.test(textOf(fields, 'action') ?? ''),
);

export const bitbucket = fixed('bitbucket', 'Bitbucket audit log', eventSource('bitbucket', [], ['audit']), (fields) =>
  hasText(fields, 'auditType.action'),
);

export const onelogin = fixed(
  'onelogin',
  'OneLogin events',
  eventSource('onelogin', [], ['onelogin.events']),
  (fields) => has(fields, 'event_type_id') && (has(fields, 'account_id') || has(fields, 'actor_user_id')),
);

export const kubernetes = fixed(
  'kubernetes-audit',
  'Kubernetes audit log',
  eventSource('kubernetes', ['application'], ['audit']),
  (fields) =>
    (textOf(fields, 'apiVersion') ?? '').startsWith('audit.k8s.io/') || has(fields, 'auditID', 'verb', 'requestURI'),
);

export const opencanary = fixed(
  'opencanary',
  'OpenCanary honeypot events',
  eventSource('opencanary', ['application'], []),
  (fields) => has(fields, 'logtype', 'node_id'),
);

export const rpcFirewall = fixed(
  'rpc-firewall',
  'RPC Firewall events',
  eventSource('rpc_firewall', ['application'], []),
  (fields) => has(fields, 'InterfaceUuid', 'OpNum'),
);

const GCP_AUDIT = eventSource('gcp', [], ['gcp.audit']);
const GOOGLE_ADMIN = eventSource('gcp', [], ['google_workspace.admin']);
const GOOGLE_LOGIN = eventSource('gcp', [], ['google_workspace.login']);

export const gcp: Shape = {
  name: 'gcp',
  summary: 'Google Cloud audit log and Google Workspace',
  recognises: (fields) => payloadOf(fields) !== undefined || hasText(fields, 'gcp.audit.method_name'),
  view: (fields) => {
    const service = serviceOf(fields);
    const source = googleSource(service);
    // Rules are written for records wrapped as `data`, or for the Elastic integration's names.
    const view: Record<string, EventValue> = { ...fields };
    if (!has(fields, 'data')) view['data'] = fields;
    const method = textOf(payloadOf(fields) ?? {}, 'methodName');
    if (method !== undefined && textOf(fields, 'gcp.audit.method_name') === undefined)
      view['gcp.audit.method_name'] = method;
    const data = fields['data'];
    if (!has(fields, 'protoPayload') && isEventObject(data) && Object.hasOwn(data, 'protoPayload'))
      view['protoPayload'] = data['protoPayload'] as EventValue;
    if (source === GOOGLE_ADMIN && service !== undefined) view['eventService'] = service;
    return { event: plainEvent(view), source };
  },
  recordView: (fields) => {
    const source = googleSource(serviceOf(fields));
    const isWrapped = has(fields, 'data');
    const payload = [['protoPayload'], ['data', 'protoPayload']];
    const placesOf = (name: string): readonly RecordPlace[] | undefined => {
      if (name === 'data' || name === 'protoPayload') return undefined;
      const under = (prefix: string): readonly RecordPlace[] =>
        name.startsWith(`${prefix}.`) ? spellings(name.slice(prefix.length + 1)) : [];
      const unwrapped = isWrapped ? [] : under('data').map(({ path }) => path);
      const inner = under('protoPayload').map(({ path }) => ['data', 'protoPayload', ...path]);
      const methods = name === 'gcp.audit.method_name' ? payload.map((path) => [...path, 'methodName']) : [];
      const services = name === 'eventService' ? payload.map((path) => [...path, 'serviceName']) : [];
      return [...spellings(name), ...[...unwrapped, ...inner, ...methods, ...services].map(doubtful)];
    };
    return { source, placesOf, manners: [], isWhole: true, isRecord: false };
  },
};

function serviceOf(fields: EventObject): string | undefined {
  return textOf(payloadOf(fields) ?? {}, 'serviceName');
}

function googleSource(service: string | undefined): EventSource {
  if (service === 'admin.googleapis.com') return GOOGLE_ADMIN;
  return service === 'login.googleapis.com' ? GOOGLE_LOGIN : GCP_AUDIT;
}

function payloadOf(fields: EventObject): EventObject | undefined {
  const isOuter = Object.hasOwn(fields, 'protoPayload');
  if (!isOuter && classOf(fields, 'data') !== 'object') return undefined;
  const outer = isOuter ? fields : (fields['data'] as EventObject);
  return classOf(outer, 'protoPayload') === 'object' ? (outer['protoPayload'] as EventObject) : undefined;
}

/** Azure's services by the record's own category. */
const AZURE_SERVICES: Readonly<Record<string, readonly string[]>> = {
  auditlogs: ['auditlogs', 'pim'],
  signinlogs: ['signinlogs'],
  noninteractiveusersigninlogs: ['signinlogs'],
  serviceprincipalsigninlogs: ['signinlogs'],
  managedidentitysigninlogs: ['signinlogs'],
  userriskevents: ['riskdetection'],
  riskyusers: ['riskdetection'],
  serviceprincipalriskevents: ['riskdetection'],
};
const AZURE_ACTIVITY = eventSource('azure', [], ['activitylogs']);
const AZURE_BY_SERVICE = new Map(
  Object.entries(AZURE_SERVICES).map(([name, services]) => [name, eventSource('azure', [], services)]),
);
const AZURE_RISK = eventSource('azure', [], ['riskdetection', 'pim']);

export const azure: Shape = {
  name: 'azure',
  summary: 'Azure activity log, Entra audit, sign-in and risk logs',
  recognises: (fields) =>
    (has(fields, 'operationName') &&
      (has(fields, 'resourceId') ||
        has(fields, 'tenantId') ||
        has(fields, 'subscriptionId') ||
        has(fields, 'correlationId'))) ||
    has(fields, 'riskEventType') ||
    has(fields, 'activityDisplayName', 'targetResources') ||
    has(fields, 'userPrincipalName', 'conditionalAccessStatus') ||
    has(fields, 'OperationNameValue') ||
    has(fields, 'OperationName', 'Category', 'TenantId') ||
    isSnakeCase(fields),
  view: (fields) => ({
    event: isSnakeCase(fields) ? plainEvent(camelCase(fields)) : aliasedEvent(fields, azureTable(fields)),
    source: azureSource(fields),
  }),
  recordView: (fields) => (isSnakeCase(fields) ? undefined : plainView(azureSource(fields), azureTable(fields))),
};

/** As the Python SDK and its exporters write the activity log: snake case, names as `{value, localized_value}`. */
function isSnakeCase(fields: EventObject): boolean {
  return (
    has(fields, 'operation_name') &&
    (has(fields, 'resource_id') ||
      has(fields, 'tenant_id') ||
      has(fields, 'subscription_id') ||
      has(fields, 'event_data_id'))
  );
}

const AZURE_SNAKE_NAMES: readonly (readonly [string, string])[] = [
  ['operationName', 'operation_name.value'],
  ['OperationName', 'operation_name.value'],
  ['OperationNameValue', 'operation_name.value'],
  ['Category', 'category.value'],
  ['CategoryValue', 'category.value'],
  ['resourceId', 'resource_id'],
  ['ResourceId', 'resource_id'],
  ['resourceProviderName', 'resource_provider_name.value'],
  ['ResourceProviderValue', 'resource_provider_name.value'],
  ['Status', 'status.value'],
  ['ActivityStatusValue', 'status.value'],
  ['resultType', 'sub_status.value'],
  ['correlationId', 'correlation_id'],
  ['subscriptionId', 'subscription_id'],
  ['tenantId', 'tenant_id'],
  ['callerIpAddress', 'http_request.client_ip_address'],
  ['CallerIpAddress', 'http_request.client_ip_address'],
  ['Caller', 'caller'],
];

/** The record with the names that rules use beside its own. */
function camelCase(fields: EventObject): EventObject {
  const named: Record<string, EventValue> = {};
  for (const [name, path] of AZURE_SNAKE_NAMES) {
    const value = textOf(fields, path);
    if (value !== undefined && !has(fields, name)) named[name] = value;
  }
  return { ...fields, ...named };
}

const AZURE_ALIASES: readonly (readonly [string, string])[] = [
  ['OperationName', 'operationName'],
  ['OperationNameValue', 'operationName'],
  ['CategoryValue', 'category'],
  ['Category', 'category'],
  ['ResourceId', 'resourceId'],
  ['ResultType', 'resultType'],
  ['ResultDescription', 'resultDescription'],
  ['ActivityDisplayName', 'activityDisplayName'],
  ['TargetResources', 'targetResources'],
  ['Status', 'status'],
  ['Username', 'userPrincipalName'],
  // What Azure Monitor writes for log analytics begins with capitals.
  ['operationName', 'OperationName'],
  ['category', 'Category'],
  ['resultType', 'ResultType'],
  ['Username', 'UserPrincipalName'],
];
/** Rules for Entra's audit log call the activity so. */
const AZURE_MESSAGE_ALIASES = ['operationName', 'OperationName', 'activityDisplayName'].map(
  (from) => ['properties.message', from] as const,
);

const AZURE_TABLE = aliasTable([...AZURE_ALIASES, ...AZURE_MESSAGE_ALIASES]);
const AZURE_TABLE_BESIDE_MESSAGE = aliasTable(AZURE_ALIASES);

function azureTable(fields: EventObject): FieldAliases {
  return hasText(fields, 'properties.message') ? AZURE_TABLE_BESIDE_MESSAGE : AZURE_TABLE;
}

function azureSource(fields: EventObject): EventSource {
  if (has(fields, 'riskEventType')) return AZURE_RISK;
  const category = (textOf(fields, 'category') ?? textOf(fields, 'Category') ?? '').toLowerCase();
  const known = AZURE_BY_SERVICE.get(category);
  if (known !== undefined) return known;
  if (has(fields, 'userPrincipalName', 'conditionalAccessStatus'))
    return AZURE_BY_SERVICE.get('signinlogs') as EventSource;
  if (has(fields, 'activityDisplayName', 'targetResources')) return AZURE_BY_SERVICE.get('auditlogs') as EventSource;
  return AZURE_ACTIVITY;
}
