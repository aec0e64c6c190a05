/** Audit logs of clouds: who did it, from where, with which agent (CloudTrail, Azure activity and sign-in, Google Cloud audit). */
import { field, has, ref, type StixMapping, text } from '../mapping.ts';

const ADDRESSES = [
  'sourceIPAddress',
  'callerIpAddress',
  'CallerIpAddress',
  'http_request.client_ip_address',
  'httpRequest.clientIpAddress',
  'ipAddress',
  'protoPayload.requestMetadata.callerIp',
];
const USERS = [
  'userIdentity.userName',
  'userIdentity.sessionContext.sessionIssuer.userName',
  'userPrincipalName',
  'caller',
  'Caller',
  'protoPayload.authenticationInfo.principalEmail',
];
const IDS = ['userIdentity.principalId', 'userIdentity.arn', 'userId', 'object_id'];
const AGENTS = ['userAgent', 'protoPayload.requestMetadata.callerSuppliedUserAgent'];

export const CLOUD: StixMapping = {
  name: 'cloud',
  when: [
    has(
      ...[
        'awsRegion',
        'userIdentity.type',
        'operationName',
        'operation_name.value',
        'event_data_id',
        'OperationNameValue',
      ],
      ...['userPrincipalName', 'protoPayload.methodName', 'protoPayload.serviceName'],
    ),
  ],
  objects: [
    { id: 'src', type: 'address', properties: { value: field('host', ...ADDRESSES) } },
    {
      id: 'user',
      type: 'user-account',
      properties: { account_login: text(...USERS), user_id: text(...IDS) },
    },
    {
      id: 'conn',
      type: 'network-traffic',
      existsWith: ['src'],
      requires: ['src'],
      properties: {
        src_ref: ref('src'),
        'extensions.http-request-ext.request_method': field('lower', 'http_request.method', 'httpRequest.method'),
        'extensions.http-request-ext.request_header.User-Agent': text(...AGENTS),
      },
    },
  ],
};
