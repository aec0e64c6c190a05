/** Network devices and identity services that rules name as products: FortiGate's key=value logs as fields, Cisco Duo. */
import { eventSource } from '../../core/event-source.ts';
import type { EventSource } from '../../core/event-source.ts';
import type { EventObject } from '../../core/event.ts';
import { plainEvent } from '../../core/rule-event.ts';
import { plainView } from './record-view.ts';
import { scalarText } from './scalar-text.ts';
import type { Shape } from './shape.ts';

const DUO = eventSource('cisco', [], ['duo']);

export const ciscoDuo: Shape = {
  name: 'cisco-duo',
  summary: 'Cisco Duo authentication log',
  recognises: (fields) =>
    ['event_type', 'access_device', 'auth_device', 'txid'].every((name) => Object.hasOwn(fields, name)),
  view: (fields) => ({ event: plainEvent(fields), source: DUO }),
  recordView: () => plainView(DUO),
};

/** FortiOS: type event, traffic or utm. */
const FORTIGATE_SOURCES: ReadonlyMap<string, EventSource> = new Map([
  ['event', eventSource('fortigate', [], ['event'])],
  ['traffic', eventSource('fortigate', ['firewall'], ['traffic'])],
  ['utm', eventSource('fortigate', [], ['utm'])],
]);
const FORTIGATE = eventSource('fortigate', [], []);

export const fortigate: Shape = {
  name: 'fortigate',
  summary: 'FortiGate logs (devid, logid, type)',
  recognises: (fields) => ['devid', 'logid', 'type'].every((name) => Object.hasOwn(fields, name)),
  view: (fields) => ({ event: plainEvent(fields), source: fortigateSource(fields) }),
  recordView: (fields) => plainView(fortigateSource(fields)),
};

function fortigateSource(fields: EventObject): EventSource {
  return FORTIGATE_SOURCES.get(scalarText(fields, 'type') ?? '') ?? FORTIGATE;
}
