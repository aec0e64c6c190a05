/** Windows events with header and data side by side, as NXLog, Graylog's sidecar and most converters write them. */
import type { EventObject } from '../../core/event.ts';
import { WindowsSources } from '../logsource/windows-source.ts';
import type { Shape } from './shape.ts';
import { scalarText } from './scalar-text.ts';
import { plainView } from './record-view.ts';
import { isRegistryAudit, windowsAliases, windowsEvent, withTarget } from './windows-names.ts';

const PROVIDERS = ['SourceName', 'Provider_Name', 'ProviderName', 'Provider'] as const;

export function windowsFlat(): Shape {
  const sources = new WindowsSources();
  return {
    name: 'windows-flat',
    summary: 'Windows events with header and data side by side (NXLog and others)',
    recognises: (fields) =>
      Object.hasOwn(fields, 'EventID') &&
      (Object.hasOwn(fields, 'Channel') || PROVIDERS.some((name) => Object.hasOwn(fields, name))),
    view: (fields) => {
      const eventId = scalarText(fields, 'EventID') ?? '';
      const source = sources.sourceOf(scalarText(fields, 'Channel'), providerOf(fields), eventId, (name) =>
        scalarText(fields, name),
      );
      return { event: windowsEvent(fields, source.services, eventId), source };
    },
    recordView: (fields) => {
      const eventId = scalarText(fields, 'EventID') ?? '';
      const names = PROVIDERS.map((name) => scalarText(fields, name));
      const provider = names.find((text) => text !== undefined);
      const source = sources.sourceOf(scalarText(fields, 'Channel'), provider, eventId, (name) =>
        scalarText(fields, name),
      );
      const { services } = source;
      const view = plainView(source, windowsAliases(services, eventId));
      return isRegistryAudit(services, eventId) && !Object.hasOwn(fields, 'TargetObject') ? withTarget(view) : view;
    },
  };
}

function providerOf(fields: EventObject): string | undefined {
  for (const name of PROVIDERS) {
    const text = scalarText(fields, name);
    if (text !== undefined) return text;
  }
  return undefined;
}
