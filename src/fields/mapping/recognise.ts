/**
 * Which shape an event has, its log source, and its fields under the names that rules use. A log source pinned by configuration
 * wins over the one found, attribute by attribute; fields are mapped all the same. An event of no known shape has no log source: no Sigma rule
 * is tried on it, which the caller counts.
 */
import { plainEvent, type RuleEvent } from '../../core/rule-event.ts';
import type { EventObject } from '../../core/event.ts';
import type { LogSource } from '../../core/logsource.ts';
import type { EventSource } from '../../core/event-source.ts';
import { parsePinnedSource, pinnedSource } from '../../core/event-source.ts';
import { PossibleShapes } from './possible-shapes.ts';
import { plainView, type RecordView } from './record-view.ts';
import { shapes } from './registry.ts';
import { classOf, isAlone } from './traced-fields.ts';

export interface RecognisedEvent {
  /** Name of the shape; `pinned` when only configuration knew. */
  readonly shape: string;
  readonly event: RuleEvent;
  readonly source: EventSource;
}

export interface EventRecogniser {
  /** `pinned` is `product/category/service` of the input's configuration. */
  recognise(fields: EventObject, pinned?: string): RecognisedEvent | undefined;
  /** How the fields of the event that `recognise` gives stand in the record; undefined: it must be decoded. */
  recordView(fields: EventObject, pinned?: string): RecordView | undefined;
}

export function createEventRecogniser(): EventRecogniser {
  const known = shapes();
  const possible = new PossibleShapes(known);
  const pins = new Map<string, LogSource>();
  const pinOf = (pinned: string): LogSource => {
    // As many as the configuration has inputs.
    const pin = pins.get(pinned) ?? parsePinnedSource(pinned);
    pins.set(pinned, pin);
    return pin;
  };
  return {
    recordView: (fields, pinned) => {
      const shape = known.find((candidate) => candidate.recognises(fields));
      if (shape === undefined) {
        // What the decoder takes for several events is none of a kind.
        if (pinned === undefined || (classOf(fields, 'Records') === 'array' && isAlone(fields))) return undefined;
        return plainView(pinnedSource(pinOf(pinned), undefined));
      }
      const view = shape.recordView?.(fields);
      if (pinned === undefined || view === undefined) return view;
      return { ...view, source: pinnedSource(pinOf(pinned), view.source) };
    },
    recognise: (fields, pinned) => {
      const shape = possible.of(fields).find((candidate) => candidate.recognises(fields));
      const view = shape?.view(fields);
      if (pinned === undefined)
        return view === undefined || shape === undefined ? undefined : { shape: shape.name, ...view };
      const source = pinnedSource(pinOf(pinned), view?.source);
      return { shape: shape?.name ?? 'pinned', event: view?.event ?? plainEvent(fields), source };
    },
  };
}
