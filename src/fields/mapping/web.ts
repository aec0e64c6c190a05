/**
 * Web server and proxy logs: W3C extended names are Sigma's own; other spellings (combined log decoders, ECS, Squid) get them as
 * further names. A record is a proxy's when it names an upstream host in its request or says so, else a web server's.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import { eventSource } from '../../core/event-source.ts';
import { plainEvent } from '../../core/rule-event.ts';
import type { Shape } from './shape.ts';
import { askedText, hasText } from './traced-fields.ts';

const WEBSERVER = eventSource(undefined, ['webserver'], ['apache', 'nginx', 'iis']);
const PROXY = eventSource(undefined, ['proxy'], []);

const METHODS = ['method', 'verb', 'request_method', 'http_method', 'http.request.method', 'http.method'];

/** Sigma's name, then where it is found; the first that is there is taken. */
const NAMES: readonly (readonly [name: string, paths: readonly string[]])[] = [
  ['cs-method', METHODS],
  ['cs-uri', ['uri', 'url', 'request_uri', 'url.original', 'url.full', 'request_url', 'target', 'c-uri', 'path']],
  ['cs-uri-stem', ['url.path', 'uri_path', 'path', 'request_path']],
  ['cs-uri-query', ['url.query', 'uri_query', 'query_string', 'query', 'args']],
  ['cs-host', ['url.domain', 'http_host', 'vhost', 'host_header', 'destination.domain', 'cs(Host)']],
  [
    'cs-user-agent',
    ['user_agent', 'agent', 'useragent', 'http_user_agent', 'user_agent.original', 'cs(User-Agent)', 'c-useragent'],
  ],
  ['cs-referer', ['referrer', 'referer', 'http_referer', 'http.request.referrer', 'cs(Referer)']],
  ['cs-username', ['user', 'remote_user', 'auth', 'user.name', 'username']],
  ['cs-cookie', ['cs(Cookie)', 'cookie']],
  ['sc-status', ['status', 'response', 'status_code', 'code', 'http.response.status_code', 'response_code']],
  ['sc-bytes', ['bytes', 'body_bytes_sent', 'size', 'http.response.body.bytes', 'bytes_sent']],
  ['c-ip', ['client', 'clientip', 'client_ip', 'remote_addr', 'remote_host', 'source.ip', 'source.address', 'src_ip']],
  ['dst_ip', ['s-ip', 'destination.ip', 'server_ip', 'r-ip', 'peer_ip']],
];

export const web: Shape = {
  name: 'web',
  summary: 'web server and proxy logs (W3C names, combined log, ECS, Squid)',
  recognises: (fields) => {
    if (Object.hasOwn(fields, 'cs-method') || Object.hasOwn(fields, 'cs-uri-stem') || Object.hasOwn(fields, 'c-uri'))
      return true;
    const method = METHODS.map((name) => askedText(fields, name)).find((text) => text !== undefined);
    return (
      method !== undefined &&
      /^[A-Z_]{3,20}$/.test(method) &&
      STATUS.some((name) => hasText(fields, name)) &&
      TARGETS.some((name) => hasText(fields, name))
    );
  },
  view: (fields) => {
    const view: Record<string, EventValue> = { ...fields };
    for (const [name, paths] of NAMES) {
      const value = Object.hasOwn(view, name) ? undefined : first(fields, paths);
      if (value !== undefined) view[name] = value;
    }
    const uri = textOf(view, 'cs-uri');
    splitTarget(view, uri);
    const isProxy = isProxyRecord(fields, uri);
    if (isProxy)
      for (const [name, from] of PROXY_NAMES)
        if (!Object.hasOwn(view, name) && Object.hasOwn(view, from)) view[name] = view[from] as EventValue;
    return { event: plainEvent(view), source: isProxy ? PROXY : WEBSERVER };
  },
};

const STATUS = [
  'sc-status',
  'status',
  'response',
  'status_code',
  'code',
  'http.response.status_code',
  'response_code',
  'result_code',
  'result',
];
const TARGETS = [
  'cs-uri',
  'uri',
  'url',
  'request_uri',
  'url.original',
  'url.full',
  'url.path',
  'request_url',
  'path',
  'target',
  'request',
];

const PROXY_NAMES: readonly (readonly [string, string])[] = [
  ['c-uri', 'cs-uri'],
  ['c-uri-query', 'cs-uri-query'],
  ['c-useragent', 'cs-user-agent'],
];

function isProxyRecord(fields: EventObject, uri: string | undefined): boolean {
  if (
    [
      'c-uri',
      'hierarchy',
      'hierarchy_code',
      'r-host',
      's-hierarchy',
      'cs-uri-scheme',
      'result_code',
      'sc-filter-result',
    ].some((name) => Object.hasOwn(fields, name))
  )
    return true;
  const dataset = textOf(fields, 'event.dataset') ?? textOf(fields, 'event.module') ?? '';
  if (/proxy|squid|zscaler|bluecoat/i.test(dataset)) return true;
  const method = textOf(fields, 'cs-method') ?? textOf(fields, 'method') ?? '';
  return method === 'CONNECT' || /^https?:\/\/[^/]/i.test(uri ?? '');
}

/** Stem, query, host and the extension that proxy rules ask for, out of the whole target. */
function splitTarget(view: Record<string, EventValue>, uri: string | undefined): void {
  if (uri === undefined) return;
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '' && !Object.hasOwn(view, name)) view[name] = value;
  };
  const match = /^(?:[a-z][a-z0-9+.-]*:\/\/([^/?#:]*)(?::\d+)?)?([^?#]*)(?:\?([^#]*))?/i.exec(uri);
  add('cs-host', match?.[1]);
  add('cs-uri-stem', match?.[2]);
  add('cs-uri-query', match?.[3]);
  add('c-uri-extension', /\.([A-Za-z0-9]{1,8})$/.exec(match?.[2] ?? '')?.[1]);
}

function first(fields: EventObject, paths: readonly string[]): EventValue | undefined {
  for (const path of paths) {
    const text = textOf(fields, path);
    if (text !== undefined) return text;
  }
  return undefined;
}
