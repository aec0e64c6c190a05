/** Audit records of clouds, services and Linux as their products write them, made up from pools of common actions: for benchmarks. */
import type { EventObject } from '../src/core/event.ts';

type Maker = (pick: <T>(list: readonly T[]) => T, n: number) => EventObject;

const USERS = ['alice', 'bob', 'carol', 'ci-runner', 'backup', 'svc-deploy', 'root', 'erin'] as const;
const ADDRESSES = ['198.51.100.7', '203.0.113.20', '192.0.2.44', '198.51.100.91', '2001:db8::15'] as const;
const time = (n: number): string => new Date(1_772_359_200_000 + n * 137).toISOString();
const id = (n: number): string =>
  `${(n * 2654435761).toString(16).padStart(12, '0')}-4b1e-8f0a-${n.toString(16).padStart(12, '0')}`;

const MAKERS: Readonly<Record<string, Maker>> = {
  'aws-cloudtrail': (pick, n) => ({
    ...{ eventVersion: '1.09', eventTime: time(n), awsRegion: pick(['us-east-1', 'eu-west-1']), eventID: id(n) },
    eventSource: `${pick(['s3', 'ec2', 'iam', 'sts', 'kms', 'cloudtrail'])}.amazonaws.com`,
    eventName: pick([
      'GetObject',
      'DescribeInstances',
      'AssumeRole',
      'Decrypt',
      'ListBuckets',
      'PutObject',
      'StopLogging',
      'CreateUser',
    ]),
    ...{
      sourceIPAddress: pick(ADDRESSES),
      userAgent: 'aws-cli/2.15.0 Python/3.11',
      requestID: id(n + 7),
      readOnly: true,
    },
    userIdentity: {
      type: pick(['IAMUser', 'AssumedRole', 'Root']),
      arn: `arn:aws:iam::111122223333:user/${pick(USERS)}`,
      accountId: '111122223333',
    },
    requestParameters: { bucketName: `logs-${n % 40}`, key: `2026/03/${n}.gz`, Host: 's3.amazonaws.com' },
    ...{ responseElements: null, eventType: 'AwsApiCall', managementEvent: false, recipientAccountId: '111122223333' },
  }),
  'azure sign-ins': (pick, n) => ({
    ...{
      time: time(n),
      resourceId: '/tenants/9b1f/providers/Microsoft.aadiam',
      operationName: 'Sign-in activity',
      category: 'SignInLogs',
    },
    ...{
      tenantId: '9b1f',
      resultType: pick(['0', '0', '0', '50126', '50057', '50074']),
      callerIpAddress: pick(ADDRESSES),
      correlationId: id(n),
    },
    properties: {
      ...{
        userPrincipalName: `${pick(USERS)}@example.com`,
        appDisplayName: pick(['Office 365', 'Azure Portal']),
        clientAppUsed: 'Browser',
      },
      ...{
        conditionalAccessStatus: pick(['success', 'notApplied', 'failure']),
        riskLevelAggregated: 'none',
        isInteractive: true,
      },
      ...{
        deviceDetail: { operatingSystem: 'Windows 11', trustType: '' },
        location: { city: 'Oslo', countryOrRegion: 'NO' },
      },
    },
  }),
  okta: (pick, n) => ({
    ...{ uuid: id(n), published: time(n), severity: 'INFO', version: '0' },
    eventType: pick([
      'user.session.start',
      'user.authentication.sso',
      'policy.evaluate_sign_on',
      'user.account.lock',
      'group.user_membership.add',
    ]),
    displayMessage: pick([
      'User login to Okta',
      'User single sign on to app',
      'Evaluation of sign-on policy',
      'Max sign in attempts exceeded',
    ]),
    actor: { id: `00u${n % 900}`, type: 'User', alternateId: `${pick(USERS)}@example.com`, displayName: pick(USERS) },
    client: {
      ipAddress: pick(ADDRESSES),
      device: 'Computer',
      userAgent: { rawUserAgent: 'Mozilla/5.0', os: 'Mac OS X', browser: 'CHROME' },
    },
    outcome: { result: pick(['SUCCESS', 'SUCCESS', 'FAILURE']), reason: null },
    ...{
      securityContext: { asNumber: 64500, isProxy: false },
      debugContext: { debugData: { requestUri: '/api/v1/authn', requestId: id(n + 3) } },
    },
    target: [{ id: `0oa${n % 60}`, type: 'AppInstance', alternateId: 'crm', displayName: 'CRM' }],
  }),
  gcp: (pick, n) => ({
    protoPayload: {
      ...{
        '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
        serviceName: pick(['storage.googleapis.com', 'compute.googleapis.com', 'iam.googleapis.com']),
      },
      methodName: pick([
        'storage.objects.get',
        'storage.objects.create',
        'v1.compute.instances.list',
        'storage.buckets.list',
        'google.iam.admin.v1.CreateServiceAccount',
      ]),
      ...{
        authenticationInfo: { principalEmail: `${pick(USERS)}@example.com` },
        requestMetadata: { callerIp: pick(ADDRESSES) },
      },
      resourceName: `projects/_/buckets/b${n % 30}/objects/${n}`,
    },
    ...{
      insertId: id(n),
      resource: { type: 'gcs_bucket', labels: { project_id: 'acme' } },
      timestamp: time(n),
      severity: 'INFO',
    },
    logName: 'projects/acme/logs/cloudaudit.googleapis.com%2Fdata_access',
  }),
  m365: (pick, n) => ({
    ...{
      CreationTime: time(n).slice(0, 19),
      Id: id(n),
      RecordType: 6,
      ResultStatus: 'Succeeded',
      UserType: 0,
      Version: 1,
    },
    Operation: pick([
      'FileAccessed',
      'FileDownloaded',
      'MailItemsAccessed',
      'UserLoggedIn',
      'Set-Mailbox',
      'New-InboxRule',
      'Disable Strong Authentication.',
    ]),
    Workload: pick(['SharePoint', 'Exchange', 'AzureActiveDirectory']),
    ...{
      OrganizationId: id(5),
      UserId: `${pick(USERS)}@example.com`,
      ClientIP: pick(ADDRESSES),
      ObjectId: `https://acme.sharepoint.com/${n}.docx`,
    },
  }),
  github: (pick, n) => ({
    ...{
      '@timestamp': 1_772_359_200_000 + n,
      _document_id: id(n),
      created_at: 1_772_359_200_000 + n,
      org: 'acme',
      repo: `acme/r${n % 80}`,
    },
    ...{
      action: pick([
        'git.clone',
        'git.push',
        'pull_request.create',
        'repo.destroy',
        'org.invite_member',
        'workflows.completed_workflow_run',
      ]),
      actor: pick(USERS),
    },
    ...{
      actor_ip: pick(ADDRESSES),
      actor_location: { country_code: 'NO' },
      business: 'acme',
      operation_type: 'create',
    },
  }),
  'kubernetes audit': (pick, n) => ({
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: id(n), stage: 'ResponseComplete' },
    ...{
      requestURI: `/api/v1/namespaces/n${n % 20}/pods`,
      verb: pick(['get', 'list', 'watch', 'create', 'delete']),
      user: { username: pick(USERS), groups: ['system:authenticated'] },
    },
    ...{
      sourceIPs: [pick(ADDRESSES)],
      userAgent: 'kubectl/v1.31',
      objectRef: {
        resource: pick(['pods', 'configmaps', 'secrets', 'leases']),
        namespace: `n${n % 20}`,
        apiVersion: 'v1',
      },
    },
    ...{
      responseStatus: { code: 200 },
      requestReceivedTimestamp: time(n),
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    },
  }),
  'auditd as JSON': (pick, n) => {
    const type = pick(['SYSCALL', 'SYSCALL', 'EXECVE', 'PATH', 'CWD', 'PROCTITLE']);
    const base = { type, msg: `audit(${1_772_359_200 + n}.123:${n}):`, node: `web${n % 9}` };
    if (type === 'EXECVE')
      return { ...base, argc: '3', a0: pick(['ls', 'cat', 'grep', 'cp']), a1: '-la', a2: `/var/lib/app/${n}` };
    if (type === 'PATH')
      return {
        ...base,
        item: '0',
        name: `/usr/lib/x86_64/${pick(['libc.so.6', 'ld.so', 'libm.so'])}`,
        inode: String(n),
        nametype: 'NORMAL',
        mode: '0100755',
      };
    const call = {
      arch: 'c000003e',
      syscall: pick(['59', '257', '2', '42']),
      success: 'yes',
      exit: '0',
      ppid: String(n % 4000),
      pid: String(n % 5000),
      auid: '1000',
      uid: '0',
    };
    return {
      ...base,
      ...call,
      comm: pick(['ls', 'nginx', 'cron', 'sshd']),
      exe: `/usr/sbin/${pick(['nginx', 'cron', 'sshd'])}`,
      key: 'exec',
    };
  },
  'suricata EVE': (pick, n) => {
    const base = {
      timestamp: time(n),
      flow_id: n * 7919,
      in_iface: 'eth0',
      src_ip: pick(ADDRESSES),
      src_port: 40_000 + (n % 20_000),
      dest_ip: pick(ADDRESSES),
      proto: 'UDP',
    };
    const type = pick(['dns', 'dns', 'flow', 'flow', 'http', 'tls']);
    if (type === 'dns')
      return {
        ...base,
        event_type: 'dns',
        dest_port: 53,
        dns: { type: 'query', id: n % 65_536, rrname: `host${n % 900}.example.net`, rrtype: 'A', tx_id: 0 },
      };
    if (type === 'http')
      return {
        ...base,
        event_type: 'http',
        dest_port: 80,
        http: {
          hostname: 'www.example.net',
          url: `/a/${n}`,
          http_user_agent: 'Mozilla/5.0',
          http_method: 'GET',
          status: 200,
          length: n % 9000,
        },
      };
    if (type === 'tls')
      return {
        ...base,
        event_type: 'tls',
        dest_port: 443,
        tls: { sni: `host${n % 900}.example.net`, version: 'TLS 1.3' },
      };
    return {
      ...base,
      event_type: 'flow',
      dest_port: 443,
      flow: {
        pkts_toserver: n % 90,
        bytes_toserver: n % 9000,
        start: time(n),
        end: time(n + 5),
        age: 1,
        state: 'closed',
        reason: 'timeout',
      },
    };
  },
};

/** `count` records of each product, the same ones every time. */
export function serviceRecords(count: number): ReadonlyMap<string, readonly EventObject[]> {
  return new Map(
    Object.entries(MAKERS).map(([name, make]) => {
      let state = 1;
      const pick = <T>(list: readonly T[]): T => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return list[Math.floor((state / 2 ** 32) * list.length)] as T;
      };
      return [name, Array.from({ length: count }, (_, n) => make(pick, n))];
    }),
  );
}
