/** The alert record itself, one JSON object in Elastic Common Schema (design 6.3). */
import type { Encoder } from './encoder.ts';
import { jsonLine } from '../core/json-text.ts';

export const ecs: Encoder = {
  name: 'ecs',
  summary: 'the alert record: JSON in Elastic Common Schema',
  contentType: 'application/json',
  encode: (outgoing) => outgoing.json?.() ?? jsonLine(outgoing.alert),
  pieces: (outgoing) => outgoing.pieces?.(),
};
